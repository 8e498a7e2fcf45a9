# What R says of its own example data and of small edge cases, as one JSON on stdout: the golden of
# tests/stats/test_survival.py and tests/stats/test_proportions.py. Base R and survival only.
#   Rscript tests/reference/survival.R > tests/reference/survival.json
suppressPackageStartupMessages(library(survival))

source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "json.R"))

# Data: time, event 0/1, and the columns to group by

example <- function(data, time, event, columns) {
  data.frame(time = data[[time]], event = as.integer(event), data[columns], check.names = FALSE)
}

sets <- list(
  lung = example(lung, "time", lung$status - 1, c("age", "sex", "ph.ecog")),
  aml = example(aml, "time", aml$status, "x"),
  ovarian = example(ovarian, "futime", ovarian$fustat, c("age", "rx")),
  # the curve is 0.5 from 2 to 4: the median is the middle of the flat
  half = data.frame(time = c(1, 1, 2, 2, 3, 4, 4, 6), event = c(1, 1, 1, 1, 0, 1, 1, 1)),
  # the curve is 0.5 from 2 to its end
  half_to_the_end = data.frame(time = 1:4, event = c(1, 1, 0, 0)),
  # ties of events with events and with censored patients at every time
  ties = data.frame(
    time = rep(1:4, times = c(8, 6, 5, 5)),
    event = c(1, 1, 1, 0, 0, 1, 0, 1, 1, 0, 1, 1, 0, 1, 1, 1, 0, 1, 0, 1, 0, 1, 1, 0),
    group = rep(c("a", "b", "c", "b", "a", "c"), 4),
    dose = c(3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3, 2, 3, 8, 4, 6, 2, 6, 4)
  ),
  together = data.frame(time = rep(5, 6), event = 1, group = c("a", "a", "b", "b", "a", "b")),
  quiet = data.frame(time = c(2, 3, 3, 7, 9), event = 0, group = c("a", "b", "a", "b", "b")),
  # a death at the start
  start = data.frame(time = c(0, 0, 1, 2, 3, 3, 5, 8), event = c(1, 0, 1, 1, 0, 1, 1, 0), group = rep(c("a", "b"), 4)),
  # every c has left before the first event
  early = data.frame(
    time = c(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12),
    event = c(0, 0, 1, 1, 0, 1, 1, 1, 0, 1, 1, 0),
    group = c("c", "c", "a", "b", "a", "b", "b", "a", "a", "a", "b", "b")
  ),
  # no c has an event, and all are followed for long
  silent = data.frame(
    time = c(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 8, 9, 10, 11, 12),
    event = c(1, 1, 1, 0, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0),
    group = c("a", "b", "b", "a", "b", "a", "b", "a", "a", "b", "c", "c", "c", "c", "c"),
    dose = c(2, 5, 3, 1, 4, 2, 6, 5, 1, 3, 2, 4, 1, 6, 3)
  ),
  # the last event is of few, and the upper limit rises again
  rising = data.frame(
    time = c(1, 1, 2, 3, 3, 3, 4, 4, 4, 4, 4, 5, 5, 5, 7, 8, 9, 9, 9, 10, 10),
    event = c(1, 0, 0, 1, 1, 1, 1, 1, 1, 1, 0, 1, 0, 0, 0, 1, 1, 1, 0, 1, 0)
  ),
  # times that are one but for rounding: timefix, R's default, makes them tied
  close = data.frame(
    time = c(0.1 + 0.2, 0.3, 1.1 + 2.2, 3.3, 3.3, 1, 2, 2 + 1e-10, 5.5, 4.35 * 2, 8.7, 9.9),
    event = c(1, 1, 1, 0, 1, 0, 1, 1, 1, 1, 0, 0), group = rep(c("a", "b"), 6)
  ),
  veteran = example(veteran, "time", veteran$status, c("trt", "celltype", "karno", "age", "prior")),
  # under observation from entry on
  heart = cbind(
    example(heart, "stop", heart$event, c("age", "year", "surgery")), entry = heart$start,
    transplant = as.integer(as.character(heart$transplant))
  ),
  # nobody of a is there at the start, all of them at risk at 5 die and others come later; entries at times of events,
  # one without a time under observation and one whose entry is unknown
  late = data.frame(
    entry = c(2, 2, 3, 3, 6, 6, 7, 9, 1, NA, 0, 0, 0, 4, 4, 0, 5, 8),
    time = c(3, 4, 4, 5, 8, 9, 9, 10, 1, 5, 2, 4, 4, 5, 8, 8, 9, 10),
    event = c(1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 0, 1, 0),
    group = rep(c("a", "b"), c(10, 8)), dose = c(3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3, 2, 3)
  ),
  # a second line, at a month of each one's own: never, at the start, between, at the end and after it
  turning = data.frame(
    time = c(5, 8, 12, 3, 9, 14, 7, 10, 6, 15, 11, 4, 13, 2, 16, 8),
    event = c(1, 1, 0, 1, 1, 1, 1, 0, 1, 1, 1, 1, 0, 1, 1, 1),
    second = c(NA, 3, 4, NA, 9, 6, 0, 5, 2, NA, 20, NA, 8, 1, 5, NA),
    age = c(60, 71, 55, 66, 48, 59, 62, 70, 68, 52, 57, 63, 49, 75, 50, 61)
  )
)

at <- list(
  lung = c(0, 5, 11, 180, 310, 365, 730, 1022, 1100), aml = c(0, 9, 13, 13.5, 161, 200),
  ovarian = c(0, 59, 365, 1227, 1300), half = 0:7, half_to_the_end = 0:5, ties = c(0, 1, 1.5, 2, 3, 4, 5),
  together = c(0, 5, 6), quiet = 0:10, start = 0:9, early = 0:12, silent = 0:13, rising = 0:11,
  close = c(0, 0.2, 1.5, 3, 5.8, 7, 9),
  # with delayed entry summary() shows the number at its next time, ours those at the time: the same at times of
  # every group
  heart = c(5, 16, 17, 58, 340, 1801), late = c(4, 5, 8, 9, 10, 11)
)

# Curves

# Surv warns of who has no time under observation, and leaves them out
surv <- function(data) {
  if (is.null(data$entry)) Surv(data$time, data$event) else suppressWarnings(Surv(data$entry, data$time, data$event))
}

fitted <- function(data, group, ...) {
  data$y <- surv(data)
  if (group == "") survfit(y ~ 1, data = data, ...) else {
    data$by <- data[[group]]
    survfit(y ~ by, data = data, ...)
  }
}

names_of <- function(fit) if (is.null(fit$strata)) "all" else sub("^by=", "", names(fit$strata))
rows_of <- function(fit) if (is.null(fit$strata)) length(fit$time) else fit$strata

ends_of <- function(fit) tapply(fit$time, rep(seq_along(rows_of(fit)), rows_of(fit)), max)

curve <- function(set, group) {
  data <- sets[[set]]
  types <- c("log", "log-log", "plain")
  fits <- lapply(setNames(types, types), function(type) fitted(data, group, conf.type = type))
  fit <- fits[[1]]
  list(
    set = scalar(set), column = scalar(group), group = rep(names_of(fit), rows_of(fit)), months = fit$time,
    at_risk = fit$n.risk, events = fit$n.event, censored = fit$n.censor, survival = fit$surv,
    limits = lapply(fits, function(each) list(lower = each$lower, upper = each$upper))
  )
}

# The survival read is 0.75, 0.5 and 0.25: R counts the dead, c(0.25, 0.5, 0.75).
# printed is what print(survfit) shows: R has two rules, and they differ where a curve is flat on one half to its end
# and where an upper limit rises again
quantiles <- function(set, group, type, reverse) {
  data <- sets[[set]]
  if (reverse) data$event <- 1 - data$event
  fit <- fitted(data, group, conf.type = type)
  read <- lapply(quantile(fit, c(0.25, 0.5, 0.75)), matrix, ncol = 3)
  printed <- summary(fit)$table
  if (!is.matrix(printed)) printed <- t(printed)
  each <- function(i) list(median = read$quantile[, i], lower = read$lower[, i], upper = read$upper[, i])
  list(
    set = scalar(set), column = scalar(group), limits = scalar(type), reverse = scalar(reverse), group = names_of(fit),
    n = fit$n, events = unname(printed[, "events"]),
    printed = list(
      median = unname(printed[, "median"]), lower = unname(printed[, "0.95LCL"]), upper = unname(printed[, "0.95UCL"])
    ),
    quantiles = list("0.75" = each(1), "0.5" = each(2), "0.25" = each(3))
  )
}

# A limit that stays level while patients are censored, read at its own value: the middle of the level stretch
on_limit <- function(set, type) {
  fit <- fitted(sets[[set]], "", conf.type = type)
  level <- which(diff(fit$surv) == 0 & fit$lower[-1] > 0 & fit$upper[-1] < 1)[1] + 1
  read <- list(lower = fit$lower[level], upper = fit$upper[level])
  list(
    set = scalar(set), limits = scalar(type), read = unlist(read),
    lower = unname(quantile(fit, 1 - read$lower)$lower), upper = unname(quantile(fit, 1 - read$upper)$upper)
  )
}

at_risk <- function(set, group) {
  fit <- fitted(sets[[set]], group)
  counts <- matrix(summary(fit, times = at[[set]], extend = TRUE)$n.risk, nrow = length(at[[set]]))
  list(
    set = scalar(set), column = scalar(group), times = at[[set]],
    counts = setNames(lapply(seq_len(ncol(counts)), function(i) counts[, i]), names_of(fit))
  )
}

cases <- list(
  c("lung", ""), c("lung", "sex"), c("lung", "ph.ecog"), c("aml", ""), c("aml", "x"), c("ovarian", ""),
  c("ovarian", "rx"), c("half", ""), c("half_to_the_end", ""), c("ties", ""), c("ties", "group"),
  c("together", ""), c("together", "group"),
  c("quiet", ""), c("quiet", "group"), c("start", ""), c("start", "group"), c("early", "group"), c("silent", "group"),
  c("rising", ""), c("close", ""), c("close", "group"), c("heart", ""), c("heart", "transplant"), c("late", ""), c("late", "group")
)

# What extend = FALSE would leave out, past a group's last time, is missing
milestones <- function(set, group, type = "log") {
  data <- sets[[set]]
  fit <- fitted(data, group, conf.type = type)
  times <- at[[set]]
  found <- summary(fit, times = times, extend = TRUE)
  ends <- ends_of(fit)
  past <- rep(times, length(ends)) > rep(ends, each = length(times))
  values <- lapply(found[c("surv", "lower", "upper")], function(x) ifelse(past, NA, x))
  list(
    set = scalar(set), column = scalar(group), limits = scalar(type), group = rep(names_of(fit), each = length(times)),
    months = rep(times, length(ends)), at_risk = found$n.risk, survival = values$surv, lower = values$lower,
    upper = values$upper
  )
}

# horizon 0: the smallest of the groups' largest times
restricted_mean <- function(set, group, horizon = 0) {
  fit <- fitted(sets[[set]], group)
  # R refuses a horizon before the first time
  end <- if (horizon) max(horizon, min(fit$time)) else min(ends_of(fit))
  found <- summary(fit, rmean = end)$table
  if (!is.matrix(found)) found <- t(found)
  mean <- unname(found[, "rmean"])
  se <- unname(found[, "se(rmean)"])
  apart <- mean[-1] - mean[1]
  wide <- sqrt(se[-1]^2 + se[1]^2)
  list(
    set = scalar(set), column = scalar(group), given = scalar(horizon), horizon = scalar(end), group = names_of(fit),
    n = unname(found[, "records"]), events = unname(found[, "events"]), rmst = mean, se = se,
    lower = mean - qnorm(0.975) * se, upper = mean + qnorm(0.975) * se,
    apart = list(
      difference = apart, se = wide, lower = apart - qnorm(0.975) * wide, upper = apart + qnorm(0.975) * wide,
      p = 2 * pnorm(-abs(apart / wide))
    )
  )
}

# Tests and models

log_rank <- function(set, group) {
  data <- sets[[set]]
  test <- survdiff(surv(data) ~ data[[group]])
  list(
    set = scalar(set), column = scalar(group), chi_squared = scalar(test$chisq),
    degrees = scalar(sum(test$exp > 0) - 1), p = scalar(test$pvalue)
  )
}

pairwise <- function(set, group) {
  data <- sets[[set]]
  pairs <- combn(sort(unique(as.character(data[[group]]))), 2)
  found <- apply(pairs, 2, function(pair) {
    two <- data[data[[group]] %in% pair, ]
    test <- survdiff(surv(two) ~ two[[group]])
    c(nrow(two[!is.na(two[[group]]), ]), sum(two$event), test$chisq, test$pvalue)
  })
  list(
    set = scalar(set), column = scalar(group), group = as.character(pairs[1, ]), against = as.character(pairs[2, ]),
    n = found[1, ], events = found[2, ], chi_squared = found[3, ], p = found[4, ], p_adjusted = p.adjust(found[4, ])
  )
}

# categorical: the columns that our side gets as text
modelled <- function(data, covariates, categorical) {
  data$y <- surv(data)
  terms <- ifelse(covariates %in% categorical, sprintf("factor(`%s`)", covariates), sprintf("`%s`", covariates))
  # tighter than R's default, so that the last printed digit does not hang on where the iteration stopped
  control <- coxph.control(eps = 1e-11, iter.max = 50)
  coxph(as.formula(paste("y ~", paste(terms, collapse = " + "))), data, ties = "efron", control = control)
}

zph <- function(set, covariates, categorical = character()) {
  found <- cox.zph(modelled(sets[[set]], covariates, categorical))$table
  list(
    set = scalar(set), covariates = covariates, categorical = as.character(categorical),
    term = c(covariates, "GLOBAL"), chi_squared = unname(found[, "chisq"]), df = unname(found[, "df"]),
    p = unname(found[, "p"])
  )
}

# tmerge wants a time after 0 for everyone and an id
turned <- function(data, id = seq_len(nrow(data))) {
  base <- tmerge(data.frame(id = id, age = data$age), data.frame(id = id, data), id = id, died = event(time, event))
  rows <- tmerge(base, data.frame(id = id, second = data$second), id = id, after = tdc(second))
  fit <- summary(coxph(Surv(tstart, tstop, died) ~ after + age, rows, control = coxph.control(eps = 1e-11)))
  list(
    id = rows$id - 1, entry = rows$tstart, months = rows$tstop, event = rows$died, after = rows$after,
    coefficient = unname(fit$coefficients[, "coef"]), se = unname(fit$coefficients[, "se(coef)"])
  )
}

landmark <- function(set, group, months) {
  left <- subset(sets[[set]], time >= months)
  left$time <- left$time - months
  test <- survdiff(surv(left) ~ left[[group]])
  list(
    set = scalar(set), column = scalar(group), landmark = scalar(months), lost = scalar(nrow(sets[[set]]) - nrow(left)),
    months = left$time, event = left$event, chi_squared = scalar(test$chisq)
  )
}

# without: a level left out of the group column
cox <- function(set, covariates, categorical = character(), without = "") {
  data <- sets[[set]]
  if (without != "") data <- data[data$group != without, ]
  fit <- summary(modelled(data, covariates, categorical))
  list(
    set = scalar(set), covariates = covariates, categorical = as.character(categorical), without = scalar(without),
    n = scalar(fit$n), events = scalar(fit$nevent), terms = gsub("`", "", rownames(fit$coefficients)),
    coefficient = unname(fit$coefficients[, "coef"]), se = unname(fit$coefficients[, "se(coef)"]),
    hr = unname(fit$conf.int[, "exp(coef)"]), lower = unname(fit$conf.int[, "lower .95"]),
    upper = unname(fit$conf.int[, "upper .95"]), p = unname(fit$coefficients[, "Pr(>|z|)"])
  )
}

# The product of two columns of 0 and 1 (a column is cut above a value, where one is given)
interaction <- function(set, treatment, marker, above = c(NA, NA)) {
  data <- sets[[set]]
  data$y <- surv(data)
  cut <- function(column, at) if (is.na(at)) data[[column]] else as.integer(data[[column]] > at)
  data$one <- cut(treatment, above[1])
  data$other <- cut(marker, above[2])
  control <- coxph.control(eps = 1e-11, iter.max = 50)
  fit <- coxph(y ~ one * other, data, ties = "efron", control = control)
  found <- summary(fit)
  list(
    set = scalar(set), treatment = scalar(treatment), marker = scalar(marker), above = above, n = scalar(fit$n),
    events = scalar(fit$nevent), n_with = scalar(sum(data$other[!is.na(data$one)], na.rm = TRUE)),
    coefficient = scalar(found$coefficients[3, "coef"]), se = scalar(found$coefficients[3, "se(coef)"]),
    hr = scalar(found$conf.int[3, "exp(coef)"]), lower = scalar(found$conf.int[3, "lower .95"]),
    upper = scalar(found$conf.int[3, "upper .95"]), p = scalar(found$coefficients[3, "Pr(>|z|)"])
  )
}

# Proportions

# R warns where the normal approximation is poor; the score interval itself is what is compared
quiet <- suppressWarnings
shares <- list(
  c(0, 1), c(1, 1), c(0, 10), c(10, 10), c(1, 10), c(5, 10), c(25, 85), c(80, 102), c(3, 1000), c(1, 60000)
)
intervals <- lapply(list(0.95, 0.9), function(level) {
  found <- sapply(shares, function(kn) quiet(prop.test(kn[1], kn[2], conf.level = level, correct = FALSE))$conf.int)
  list(
    level = scalar(level), k = sapply(shares, `[`, 1), n = sapply(shares, `[`, 2),
    lower = found[1, ], upper = found[2, ]
  )
})

p_values <- list(
  plain = c(0.01, 0.02, 0.03, 0.04, 0.05), missing = c(0.04, NA, 0.001, 0.03, NA, 0.2),
  ties = c(0.02, 0.02, 0.5, 0.02, 1, 1), tiny = c(1e-300, 1e-12, 0.9, 0.04), one = 0.3, none = c(NA_real_, NA_real_)
)

# k_1, n_1, k_2, n_2; the ones in the middle have an expected count of exactly 5
tables <- list(
  c(25, 85, 40, 90), c(60, 100, 45, 120), c(300, 1000, 280, 1100), c(0, 40, 20, 60), c(30, 30, 40, 60), c(8, 10, 2, 10),
  c(0, 10, 10, 10), c(3, 4, 1, 4), c(0, 5, 4, 5), c(1, 12, 5, 6), c(3, 50, 0, 40), c(9, 10, 1, 30), c(2, 7, 2, 7),
  c(4, 1000, 0, 30)
)
tested <- sapply(tables, function(x) {
  grid <- matrix(c(x[1], x[3], x[2] - x[1], x[4] - x[3]), 2)
  chi <- quiet(chisq.test(grid, correct = FALSE))
  c(min(chi$expected), chi$p.value, fisher.test(grid)$p.value)
})

grouped <- Filter(function(case) case[2] != "", cases)
# R stops where all die at once, and has no test where nobody dies
testable <- Filter(function(case) !case[1] %in% c("together", "quiet", "heart", "late"), grouped)
over <- function(cases, f, ...) lapply(cases, function(case) f(case[1], case[2], ...))

cat(json(list(
  versions = list(R = scalar(as.character(getRversion())), survival = scalar(as.character(packageVersion("survival")))),
  sets = lapply(sets, as.list),
  curves = over(cases, curve),
  quantiles = c(
    over(cases, quantiles, "log", FALSE), over(cases, quantiles, "log-log", FALSE),
    over(cases, quantiles, "plain", FALSE), over(cases, quantiles, "log", TRUE), over(cases, quantiles, "log-log", TRUE)
  ),
  on_limit = list(
    on_limit("lung", "log"), on_limit("lung", "log-log"), on_limit("ovarian", "plain"), on_limit("close", "log-log")
  ),
  at_risk = over(cases, at_risk),
  log_rank = over(testable, log_rank),
  cox = list(
    cox("lung", c("age", "sex", "ph.ecog")), cox("lung", "sex"), cox("lung", "sex", "sex"), cox("lung", "age"),
    cox("lung", "ph.ecog", "ph.ecog"), cox("lung", c("ph.ecog", "age", "sex"), c("ph.ecog", "sex")),
    cox("aml", "x", "x"), cox("ovarian", c("rx", "age")), cox("ovarian", c("rx", "age"), "rx"),
    cox("ties", "dose"), cox("ties", "group", "group"), cox("ties", c("group", "dose"), "group"),
    cox("start", "group", "group"), cox("close", "group", "group"),
    cox("silent", "group", "group", without = "c"), cox("silent", c("group", "dose"), "group", without = "c"),
    cox("heart", c("age", "year", "surgery", "transplant")), cox("heart", "transplant", "transplant"),
    cox("late", c("group", "dose"), "group"), cox("late", "dose")
  ),
  milestones = c(over(cases, milestones), over(cases, milestones, "log-log"), over(cases, milestones, "plain")),
  restricted_mean = c(
    over(cases, restricted_mean), over(cases, restricted_mean, 4), over(cases, restricted_mean, 180),
    over(cases, restricted_mean, 2000)
  ),
  pairwise = list(pairwise("lung", "sex"), pairwise("ties", "group"), pairwise("silent", "group"),
    pairwise("veteran", "celltype")),
  zph = list(
    zph("lung", c("age", "sex", "ph.ecog")), zph("lung", c("age", "sex", "ph.ecog"), "ph.ecog"), zph("lung", "age"),
    zph("ovarian", c("rx", "age")), zph("ovarian", "rx", "rx"),
    zph("veteran", c("trt", "celltype", "karno", "age", "prior"), c("trt", "celltype")), zph("veteran", "karno"),
    zph("veteran", c("celltype", "karno"), "celltype"), zph("ties", c("group", "dose"), "group"),
    zph("heart", c("age", "year", "surgery", "transplant")),
    zph("late", c("group", "dose"), "group")
  ),
  turned = turned(sets$turning),
  interaction = list(
    interaction("lung", "sex", "ph.ecog", c(1, 0)), interaction("lung", "sex", "age", c(1, 65)),
    interaction("veteran", "trt", "prior", c(1, 0)), interaction("veteran", "trt", "karno", c(1, 60)),
    interaction("ovarian", "rx", "age", c(1, 60)), interaction("heart", "transplant", "surgery")
  ),
  landmark = list(landmark("lung", "sex", 180), landmark("aml", "x", 13), landmark("ties", "group", 2)),
  intervals = intervals,
  adjusted = lapply(p_values, function(p) list(p = p, adjusted = p.adjust(p, "BH"), holm = p.adjust(p, "holm"))),
  tables = list(
    k_1 = sapply(tables, `[`, 1), n_1 = sapply(tables, `[`, 2),
    k_2 = sapply(tables, `[`, 3), n_2 = sapply(tables, `[`, 4),
    least_expected = tested[1, ], chi_squared = tested[2, ], fisher = tested[3, ]
  )
)), "\n", sep = "")
