# What R says of areas under a ROC curve, of pairs and of shares, as one JSON on stdout: the golden of
# tests/omics/test_classifier.py and tests/stats/test_paired.py. Base R only. Its AUC and DeLong variance were once held against
# pROC 1.18.0 (auc, var, ci.auc), of which they differ by less than 1e-12.
#   Rscript tests/reference/classifier.R > tests/reference/classifier.json
quiet <- suppressWarnings

source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "json.R"))

# --- areas under the ROC curve: DeLong et al. 1988, by placements

RNGkind("Mersenne-Twister", "Inversion", "Rejection")
set.seed(1)

# binary fractions, so that the text of the JSON is exact
drawn <- function(n, m, apart, grid) {
  list(positive = round((rnorm(n) + apart) * grid) / grid, negative = round(rnorm(m) * grid) / grid)
}

sets <- list(
  apart = drawn(30, 40, 1.5, 1024),
  noise = drawn(25, 25, 0, 1024),
  reversed = drawn(12, 30, -1, 1024),
  tied = drawn(20, 35, 1, 1),
  few_levels = drawn(15, 9, .5, .5),
  two = drawn(2, 41, .5, 1024),
  two_and_two = list(positive = c(1, 3), negative = c(0, 2)),
  nearly_perfect = list(positive = c(5:20, 3.5), negative = c(-9:3, 4)),
  touching = list(positive = 4:9, negative = c(0:3, 4)),
  large = drawn(120, 180, .7, 1048576),
  perfect = list(positive = 10:26, negative = -17:9),
  perfect_small = list(positive = c(3, 4), negative = c(1, 2)),
  none_right = list(positive = 1:8, negative = 9:30),
  all_tied = list(positive = rep(1, 7), negative = rep(1, 11))
)

z <- qnorm(.975)

# Newcombe, Stat Med 2006;25:559, method 5: Hanley and McNeil's variance at the hypothetical area, with the mean of the
# group sizes in the place of both
newcombe <- function(area, n, m) {
  off <- function(truth) {
    inflated <- 1 + ((n + m) / 2 - 1) * ((1 - truth) / (2 - truth) + truth / (1 + truth))
    (area - truth)^2 - z^2 * truth * (1 - truth) * inflated / (n * m)
  }
  root <- function(from, to) uniroot(off, c(from, to), tol = 1e-15, maxiter = 1000)$root
  c(if (area > 0) root(1e-9, area - 1e-9) else 0, if (area < 1) root(area + 1e-9, 1 - 1e-9) else 1)
}

roc <- function(set) {
  x <- set$positive
  y <- set$negative
  n <- length(x)
  m <- length(y)
  both <- rank(c(x, y))
  # of each positive the share of negatives below it, ties half; of each negative the share of positives above it
  above <- (both[seq_len(n)] - rank(x)) / m
  below <- 1 - (both[-seq_len(n)] - rank(y)) / n
  area <- mean(above)
  variance <- var(above) / n + var(below) / m
  limits <- if (variance > 0) {
    plogis(qlogis(area) + c(-1, 1) * z * sqrt(variance) / (area * (1 - area)))
  } else {
    newcombe(area, n, m)
  }
  list(
    positive = as.numeric(x), negative = as.numeric(y), auc = scalar(area), variance = scalar(variance),
    lower = scalar(limits[1]), upper = scalar(limits[2]),
    # Mann-Whitney's statistic over the number of pairs is the area
    mann_whitney = scalar(unname(quiet(wilcox.test(x, y))$statistic) / (n * m))
  )
}

# --- genes that differ: the pooled t test, Benjamini and Hochberg's adjustment

genes <- 60
marked <- rep(0:1, c(14, 11))
apart <- rep_len(c(0, 0, 1.5, 0, -2), genes)
values <- rnorm(genes, 6, 2) + rep_len(c(.5, 1, 2), genes) * matrix(rnorm(genes * 25), genes) + outer(apart, marked)
values <- round(values * 1024) / 1024
p <- apply(values, 1, function(x) t.test(x[marked == 1], x[marked == 0], var.equal = TRUE)$p.value)

# --- pairs that differ, and shares

pairs <- expand.grid(more = 0:12, less = 0:12)
pairs <- pairs[pairs$more + pairs$less > 0 & pairs$more + pairs$less <= 12, ]
exact <- function(level) {
  vapply(seq_len(nrow(pairs)), function(i) {
    found <- binom.test(pairs$more[i], pairs$more[i] + pairs$less[i], conf.level = level)
    c(found$p.value, found$conf.int)
  }, numeric(3))
}
exact_95 <- exact(.95)
exact_90 <- exact(.90)

shares <- do.call(rbind, lapply(1:9, function(n) data.frame(k = 0:n, n = n)))
score <- function(level) {
  vapply(seq_len(nrow(shares)), function(i) {
    as.numeric(quiet(prop.test(shares$k[i], shares$n[i], conf.level = level, correct = FALSE))$conf.int)
  }, numeric(2))
}
wilson_95 <- score(.95)
wilson_90 <- score(.90)

cat(json(list(
  versions = list(R = scalar(as.character(getRversion()))),
  areas = lapply(sets, roc),
  genes = list(
    values = lapply(seq_len(genes), function(i) values[i, ]), marked = marked, p = unname(p),
    adjusted_p = unname(p.adjust(p, "BH"))
  ),
  pairs = list(
    more = pairs$more, less = pairs$less, p = exact_95[1, ], lower = exact_95[2, ], upper = exact_95[3, ],
    lower_90 = exact_90[2, ], upper_90 = exact_90[3, ]
  ),
  shares = list(
    k = shares$k, n = shares$n, lower = wilson_95[1, ], upper = wilson_95[2, ], lower_90 = wilson_90[1, ],
    upper_90 = wilson_90[2, ]
  )
)), "\n", sep = "")
