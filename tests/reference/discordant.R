# Exact tests of counts by R: binom.test with its limits, and McNemar's exact test as the binomial test of discordant
# pairs, as one JSON on stdout: the golden of tests/stats/test_discordant.py. Base R only.
#   Rscript --vanilla tests/reference/discordant.R > tests/reference/discordant.json
source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "json.R"))

counts <- list(c(15, 17), c(0, 5), c(5, 5), c(1, 1), c(0, 1), c(7, 20), c(10, 20), c(52, 104), c(3, 400), c(131, 250))
chances <- c(0.5, 0.1, 1 / 3)
exact <- list()
for (x in counts) for (p in chances) for (level in c(0.95, 0.9)) {
  test <- binom.test(x[1], x[2], p, conf.level = level)
  exact[[length(exact) + 1]] <- c(x, p, level, test$p.value, test$conf.int)
}
# all tables of 52 pairs with 17 and 11, and with 45 and 35: the pairs with one alone, with the other alone, p
mcnemar <- list()
for (margins in list(c(17, 11), c(45, 35))) for (other in 0:margins[2]) {
  one <- other + margins[1] - margins[2]
  if (margins[1] + other <= 52) {
    mcnemar[[length(mcnemar) + 1]] <- c(margins, one, other, binom.test(one, one + other)$p.value)
  }
}
cat(json(list(versions = list(R = scalar(as.character(getRversion()))), exact = exact, mcnemar = mcnemar)), "\n", sep = "")
