# What R says of two groups of tumours, gene by gene: wilcox.test, ks.test and limma's eBayes; and limma's quantile
# normalisation; as one JSON on stdout: the golden of tests/stats/test_differential.py and tests/omics/test_deconvolution.py. Base R
# and limma only.
#   Rscript tests/reference/differential.R > tests/reference/differential.json
suppressPackageStartupMessages(library(limma))
quiet <- suppressWarnings

source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "json.R"))

# Data: genes × tumours, the first n of one group and the next m of the other; binary fractions, so that the text of
# the JSON is exact and a mean of equal values is that value

RNGkind("Mersenne-Twister", "Inversion", "Rejection")
set.seed(1)

drawn <- function(genes, n, m, sd = 1, apart = 0, grid = 1024) {
  level <- rnorm(genes, 5, 2)
  width <- rep_len(sd, genes)
  values <- level + width * matrix(rnorm(genes * (n + m)), genes) + outer(rep_len(apart, genes), rep(1:0, c(n, m)))
  round(values * grid) / grid
}

sd_of <- function(genes, df) sqrt(df / rchisq(genes, df))

set <- function(values, n, m) list(values = values, n = n, m = m)

sets <- list(
  # small, with and without ties
  small = set(drawn(24, 6, 5, sd_of(24, 4), c(0, 0, 2), 1024), 6, 5),
  tied = set(drawn(24, 7, 9, 1, c(0, 1), 2), 7, 9),
  few_tied = set(pmax(drawn(24, 9, 8, 2, c(0, 3), 4), 4), 9, 8),
  # the edges of wilcox.test's rule
  both_49 = set(drawn(5, 49, 49, 1, c(0, .5, 1), 1048576), 49, 49),
  one_50 = set(drawn(5, 50, 8, 1, c(0, .5, 1), 1048576), 50, 8),
  other_50 = set(drawn(5, 12, 50, 1, c(0, .5, 1), 1048576), 12, 50),
  # unexpressed in a part of tumours, as log2(TPM + 1) is
  zeros = set(pmax(drawn(20, 21, 33, 2, c(0, 2)) - 4, 0), 21, 33),
  # one prior variance for all, as good as and exactly: infinite degrees of freedom
  alike = set(drawn(30, 10, 12, 1, c(0, 1)), 10, 12),
  same = set(t(sapply(1:12, function(i) c(sample(1:8), sample(2:9) + i / 4))), 8, 8),
  # variances over many orders of magnitude: next to no prior
  unlike = set(drawn(25, 8, 9, 2^(-6:6), c(0, 1)), 8, 9),
  # least degrees of freedom, and one gene, its own prior
  three = set(drawn(15, 1, 2, sd_of(15, 5)), 1, 2),
  one_gene = set(drawn(1, 5, 6, 1, 1), 5, 6)
)
some <- drawn(20, 6, 7, sd_of(20, 4), c(0, 1))
some[c(3, 8, 14), ] <- 0
some[5, ] <- rep(c(2, 5), c(6, 7)) # no variation within the groups
sets$some_constant <- set(some, 6, 7)
most <- drawn(15, 6, 7, sd_of(15, 4), c(0, 1))
most[1:9, ] <- 0
sets$most_constant <- set(most, 6, 7)
two <- drawn(2, 4, 4)
two[1, ] <- 0
sets$one_of_two <- set(two, 4, 4)

tested <- function(set) {
  one <- seq_len(set$n)
  values <- set$values
  group <- rep(1:0, c(set$n, set$m))
  fit <- quiet(eBayes(lmFit(values, cbind(1, group))))
  ranks <- apply(values, 1, function(x) {
    found <- quiet(wilcox.test(x[one], x[-one]))
    c(found$statistic, found$p.value)
  })
  # with ties R's p is another one; without, it is the same
  distance <- apply(values, 1, function(x) {
    untied <- !anyDuplicated(x)
    found <- quiet(ks.test(x[one], x[-one], exact = TRUE))
    c(found$statistic, if (untied) found$p.value else NA)
  })
  list(
    n = scalar(set$n), m = scalar(set$m), values = lapply(seq_len(nrow(values)), function(i) values[i, ]),
    wilcoxon = list(statistic = unname(ranks[1, ]), p = unname(ranks[2, ])),
    ks = list(statistic = unname(distance[1, ]), p = unname(distance[2, ])),
    limma = list(
      difference = unname(fit$coefficients[, 2]), t = unname(fit$t[, 2]), p = unname(fit$p.value[, 2]),
      df_total = unname(fit$df.total), s2_prior = scalar(fit$s2.prior), df_prior = scalar(fit$df.prior)
    )
  )
}

x <- c(1e-9, 1e-6, 2e-6, .001, .1, .5, 1, 1.6449340668482264, 2, 10, 1000, 9e6, 1e7, 2e7, 1e12)

# Samples in columns, with ties; integers over 8, so that means of them are exact in the JSON
mixed <- matrix(rpois(40 * 6, 5) / 8, 40)

cat(json(list(
  versions = list(R = scalar(as.character(getRversion())), limma = scalar(as.character(packageVersion("limma")))),
  trigamma_inverse = list(x = x, y = trigammaInverse(x)),
  sets = lapply(sets, tested),
  quantiles = list(
    values = lapply(seq_len(ncol(mixed)), function(j) mixed[, j]),
    normalised = lapply(seq_len(ncol(mixed)), function(j) normalizeQuantiles(mixed, ties = TRUE)[, j])
  )
)), "\n", sep = "")
