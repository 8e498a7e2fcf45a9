# Two shares and two samples compared by R, over random tables and samples from a fixed seed, as one JSON on stdout: the
# golden of tests/stats/test_ranks.py. Base R only.
#   Rscript --vanilla tests/reference/shares.R > tests/reference/shares.json
RNGkind("Mersenne-Twister", "Inversion", "Rejection")
set.seed(20250611)
quiet <- suppressWarnings # R warns where an approximation is poor; what it gives is what is compared

source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "json.R"))

# Tables: k_1, n_1, k_2, n_2, least expected count, p of the chi-squared test, p of Fisher's

one_of <- function(...) sample(c(...), 1)
draw_table <- function(kind) {
  n <- switch(kind,
    small = sample(1:12, 2, replace = TRUE), middle = sample(10:140, 2, replace = TRUE),
    large = sample(200:9000, 2, replace = TRUE), rare = c(sample(300:5000, 1), sample(2:40, 1)),
    # 5 expected to the very count: half of 10, a quarter of 20, an eighth of 40
    five = rep(one_of(10, 20, 40), 2), alike = rep(sample(20:300, 1), 2), fig2 = c(89, 136)
  )
  rate <- switch(kind, rare = rep(runif(1, 0.001, 0.05), 2), large = runif(1) * c(1, runif(1, 0.7, 1.3)), runif(2))
  k <- switch(kind,
    five = { first <- sample(0:10, 1); c(first, 10 - first) },
    alike = rep(sample(seq_len(n[1] - 1), 1), 2), rbinom(2, n, pmin(rate, 1))
  )
  c(k[1], n[1], k[2], n[2])
}
tables <- list()
for (kind in rep(c("small", "middle", "large", "rare", "five", "alike", "fig2"), c(90, 70, 40, 50, 20, 15, 25))) {
  repeat { # without a carrier, or with carriers only, there is no test
    x <- draw_table(kind)
    if (x[1] + x[3] > 0 && x[1] + x[3] < x[2] + x[4]) break
  }
  grid <- matrix(c(x[1], x[3], x[2] - x[1], x[4] - x[3]), 2)
  chi <- quiet(chisq.test(grid, correct = FALSE))
  fisher <- fisher.test(grid, alternative = "two.sided", workspace = 2e6)
  tables[[length(tables) + 1]] <- c(x, min(chi$expected), chi$p.value, fisher$p.value)
}

# Samples: one, other, p of wilcox.test by its own rule (exact below 50 values a side and without ties)

draw_pair <- function(kind) {
  n <- switch(kind,
    single = c(1, sample(1:12, 1)), edge = sample(c(49, 49, 50, 50, 51), 2, replace = TRUE),
    edge_tied = sample(c(49, 50), 2, replace = TRUE), sample(2:30, 2, replace = TRUE)
  )
  untied <- sample(999, sum(n))
  shifted <- untied + c(rep(one_of(0, 0, 200, 400), n[1]), rep(0, n[2])) + c(rep(0.5, n[1]), rep(0, n[2]))
  values <- switch(kind,
    untied = , single = , edge = shifted,
    tied = , edge_tied = sample(0:40, sum(n), replace = TRUE),
    heavy = sample(0:one_of(1, 2, 3), sum(n), replace = TRUE),
    tenths = round(rnorm(sum(n), c(rep(one_of(0, 1), n[1]), rep(0, n[2]))), 1),
    # as like as can be: p is near 1, or 1
    near = { n[2] <- n[1]; c(seq(1, by = 4, length.out = n[1]), seq(1, by = 4, length.out = n[1]) + one_of(-1, 0, 1)) },
    # one value apart from many that are equal
    lone = c(rep(0, n[1]), rep(0, n[2] - 1), 1), same = rep(7, sum(n)), apart = c(seq_len(n[1]), 100 + seq_len(n[2]))
  )
  list(values[seq_len(n[1])], values[n[1] + seq_len(n[2])])
}
pairs <- list()
for (kind in rep(
  c("untied", "tied", "heavy", "tenths", "edge", "edge_tied", "single", "near", "lone", "apart", "same"),
  c(50, 45, 45, 30, 24, 10, 24, 20, 10, 10, 5)
)) {
  x <- draw_pair(kind)
  p <- quiet(wilcox.test(x[[1]], x[[2]]))$p.value # NaN where all values are one
  pairs[[length(pairs) + 1]] <- list(x[[1]], x[[2]], scalar(p))
}

cat(json(list(versions = list(R = scalar(as.character(getRversion()))), tables = tables, pairs = pairs)), "\n", sep = "")
