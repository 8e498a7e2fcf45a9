# What R says of two samples and of several: wilcox.test's Hodges-Lehmann shift with its limits, and kruskal.test, as one
# JSON on stdout: the golden of tests/stats/test_ranks.py. Base R only.
#   Rscript --vanilla tests/reference/two_samples.R > tests/reference/two_samples.json
quiet <- suppressWarnings

source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "json.R"))

RNGkind("Mersenne-Twister", "Inversion", "Rejection")
set.seed(20)

# binary fractions, so that the text of the JSON is exact
grid <- function(x, step = 1048576) round(x * step) / step

shift_of <- function(one, other) {
  test <- quiet(wilcox.test(one, other))
  limits <- lapply(c(.95, .9), function(l) {
    found <- quiet(wilcox.test(one, other, conf.int = TRUE, conf.level = l))
    c(unname(found$estimate), found$conf.int)
  })
  list(one = one, other = other, p = scalar(test$p.value), at_95 = limits[[1]], at_90 = limits[[2]])
}

shifts <- list()
for (sizes in list(c(4, 5), c(5, 6), c(7, 25), c(8, 26), c(12, 13), c(20, 31), c(49, 49))) {
  for (shift in c(0, .7)) {
    shifts[[paste(c(sizes, shift), collapse = "_")]] <- shift_of(grid(rnorm(sizes[1], shift)), grid(rnorm(sizes[2])))
  }
}

several_of <- function(values, group) {
  test <- kruskal.test(values, factor(group))
  list(values = values, group = group, statistic = scalar(unname(test$statistic)),
       df = scalar(unname(test$parameter)), p = scalar(test$p.value))
}

several <- list()
for (n in c(9, 30, 120)) {
  group <- sample(c("ABC", "GCB", "Unclassified"), n, replace = TRUE)
  several[[paste0("n", n)]] <- several_of(grid(rnorm(n) + .5 * (group == "ABC")), group)
  several[[paste0("tied_", n)]] <- several_of(round(2 * rnorm(n)) / 2, group)
}

cat(json(list(
  versions = list(r = scalar(paste(R.version$major, R.version$minor, sep = "."))), shifts = shifts, several = several
)), "\n")
