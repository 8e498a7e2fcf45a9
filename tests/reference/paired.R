# What R says of pairs: wilcox.test(paired = TRUE) with its interval, cor.test's Spearman, and limma's eBayes of paired
# designs with and without a covariate, as one JSON on stdout: the golden of tests/stats/test_paired.py, test_ranks.py
# and test_differential.py. Base R and limma only.
#   Rscript tests/reference/paired.R > tests/reference/paired.json
suppressPackageStartupMessages(library(limma))
quiet <- suppressWarnings

source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "json.R"))

RNGkind("Mersenne-Twister", "Inversion", "Rejection")
set.seed(19)

# binary fractions, so that the text of the JSON is exact
grid <- function(x, step = 1048576) round(x * step) / step

ranks_of <- function(one, other, level = c(.95, .9)) {
  test <- quiet(wilcox.test(one, other, paired = TRUE, conf.int = FALSE))
  untied <- !anyDuplicated(abs(one - other)) && all(one != other)
  limits <- if (untied) lapply(level, function(l) {
    found <- quiet(wilcox.test(one, other, paired = TRUE, conf.int = TRUE, conf.level = l))
    c(unname(found$estimate), found$conf.int)
  })
  correlation <- quiet(cor.test(one, other, method = "spearman"))
  list(
    one = one, other = other, p = scalar(test$p.value), untied = scalar(untied),
    estimate_95 = if (untied) limits[[1]] else NA, estimate_90 = if (untied) limits[[2]] else NA,
    rho = scalar(unname(correlation$estimate)), rho_p = scalar(correlation$p.value)
  )
}

pairs_of <- function(n, shift, tie, step = 1048576) {
  one <- rnorm(n, 3, 1)
  list(one = grid(one + shift, step), other = grid(tie * one + sqrt(1 - tie^2) * rnorm(n, 3, 1), step))
}

ranks <- list()
for (n in c(4, 6, 8, 9, 10, 12, 27, 49, 50, 60)) {
  for (shift in c(0, .6)) {
    drawn <- pairs_of(n, shift, .5)
    ranks[[paste0("n", n, "_", shift)]] <- ranks_of(drawn$one, drawn$other)
  }
}
for (n in c(7, 27, 60)) {
  drawn <- pairs_of(n, .4, .5, 2) # halves: ties and differences of 0
  ranks[[paste0("tied_", n)]] <- ranks_of(drawn$one, drawn$other)
}

limma_of <- function(genes, n, covariates) {
  sd <- sqrt(6 / rchisq(genes, 6))
  level <- rnorm(genes, 5, 2)
  patient <- matrix(rnorm(genes * n, 0, 1.5), genes)
  apart <- rep_len(c(0, 0, 1), genes)
  other <- grid(level + patient + sd * matrix(rnorm(genes * n), genes), 1024)
  one <- grid(level + patient + apart + sd * matrix(rnorm(genes * n), genes), 1024)
  x <- if (covariates) grid(matrix(abs(rnorm(n * covariates)), n), 1024) else NULL
  design <- cbind(intercept = rep(1, n), x)
  fit <- eBayes(lmFit(one - other, design))
  table <- topTable(fit, coef = 1, number = Inf, sort.by = "none", confint = TRUE)
  # the same test with a coefficient for each patient; a covariate is 0 in `other` and x in `one`
  block <- model.matrix(~ factor(rep(seq_len(n), 2)))
  whole <- cbind(block, organ = rep(1:0, each = n))
  if (covariates) whole <- cbind(whole, rbind(x, 0 * x))
  blocked <- eBayes(lmFit(cbind(one, other), whole))
  list(
    one = lapply(seq_len(genes), function(i) one[i, ]), other = lapply(seq_len(genes), function(i) other[i, ]),
    covariates = if (covariates) lapply(seq_len(covariates), function(j) x[, j]) else list(),
    difference = unname(fit$coefficients[, 1]), t = unname(fit$t[, 1]), p = unname(fit$p.value[, 1]),
    lower = table$CI.L, upper = table$CI.R, df_total = unname(fit$df.total),
    s2_prior = scalar(fit$s2.prior), df_prior = scalar(fit$df.prior),
    blocked_t = unname(blocked$t[, "organ"]), blocked_p = unname(blocked$p.value[, "organ"])
  )
}

cat(json(list(
  versions = list(R = scalar(as.character(getRversion())), limma = scalar(as.character(packageVersion("limma")))),
  ranks = ranks,
  limma = list(
    plain = limma_of(20, 27, 0), six = limma_of(20, 6, 0), one_covariate = limma_of(20, 27, 1),
    two_covariates = limma_of(20, 12, 2), few = limma_of(15, 4, 2), one_gene = limma_of(1, 9, 1)
  )
)), "\n", sep = "")
