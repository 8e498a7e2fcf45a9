# Landmark models and start–stop rows as R's survival package makes them: the golden of tests/stats/test_landmark.py.
#   Rscript tests/reference/landmark.R > tests/reference/landmark.json
suppressPackageStartupMessages(library(survival))

source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "json.R"))

# one row per patient (id, time, event and what is known at the start), and measurements (id, day, of what, value)
transplanted <- with(jasa, data.frame(
  id = seq_along(age), time = pmax(0.5, futime), event = fustat, age = age, surgery = surgery, day = wait.time
))
# who was transplanted on the day of death had the transplant before it
transplanted$day <- with(transplanted, ifelse(!is.na(day) & day == time, day - 0.5, day))
liver <- subset(pbc, id <= 50, c(id, time, status, age))
visits <- subset(pbcseq, id <= 50, c(id, day, bili, protime))
visits <- merge(visits, liver[c("id", "time")])
visits <- visits[visits$day < visits$time, ]
years <- function(days) ceiling(days / 365.25)

long <- function(data, day, names) {
  parts <- lapply(names, function(name) {
    data.frame(id = data$id, day = data[[day]], covariate = name, value = data[[name]])
  })
  all <- do.call(rbind, parts)
  all[!is.na(all$day) & !is.na(all$value), ]
}
sets <- list(
  transplant = list(
    patients = transplanted[c("id", "time", "event", "age", "surgery")],
    measured = transform(subset(transplanted[c("id", "day")], !is.na(day)), covariate = "transplant", value = 1)
  ),
  liver = list(
    patients = transform(liver, event = as.integer(status == 2))[c("id", "time", "event", "age")],
    measured = long(transform(visits, bili = log(bili)), "day", c("bili", "protime"))
  ),
  # times in whole years: many deaths at a time, and visits on them
  years = local({
    coarse <- transform(visits, day = years(day), bili = log(bili))
    coarse <- coarse[coarse$day < years(coarse$time), ]
    coarse <- coarse[!duplicated(coarse[c("id", "day")]), ]
    list(
      patients = transform(liver, event = as.integer(status == 2), time = years(time))[c("id", "time", "event", "age")],
      measured = long(coarse, "day", c("bili", "protime"))
    )
  })
)

rows <- function(set) {
  frame <- tmerge(set$patients, set$patients, id = id, death = event(time, event))
  for (name in unique(set$measured$covariate)) {
    part <- set$measured[set$measured$covariate == name, ]
    frame <- tmerge(frame, part, id = id, seen = tdc(day, value))
    names(frame)[names(frame) == "seen"] <- name
  }
  frame
}

terms <- function(fit) {
  table <- summary(fit)
  limits <- table$conf.int
  list(
    term = rownames(table$coefficients), n = scalar(fit$n), events = scalar(fit$nevent),
    coefficient = unname(table$coefficients[, "coef"]), se = unname(table$coefficients[, "se(coef)"]),
    hr = unname(limits[, "exp(coef)"]), lower = unname(limits[, "lower .95"]), upper = unname(limits[, "upper .95"]),
    p = unname(table$coefficients[, "Pr(>|z|)"])
  )
}

varying <- function(name, covariates, before = NA) {
  frame <- rows(sets[[name]])
  for (covariate in unique(sets[[name]]$measured$covariate)) {
    if (!is.na(before)) frame[[covariate]][is.na(frame[[covariate]])] <- before
  }
  formula <- reformulate(covariates, quote(Surv(tstart, tstop, death)))
  fit <- coxph(formula, frame, ties = "efron", control = coxph.control(eps = 1e-12, toler.chol = 1e-14))
  c(
    list(set = scalar(name), covariates = covariates, before = scalar(before), rows = scalar(nrow(frame)),
         patients = scalar(length(unique(frame$id[complete.cases(frame[covariates])])))),
    terms(fit)
  )
}

# what is known at the landmark, among those still followed: the last value until then
at_landmark <- function(name, covariates, day, before = NA) {
  set <- sets[[name]]
  left <- subset(set$patients, time >= day)
  for (covariate in unique(set$measured$covariate)) {
    known <- set$measured[set$measured$covariate == covariate & set$measured$day <= day, ]
    known <- known[order(known$id, known$day), ]
    known <- known[!duplicated(known$id, fromLast = TRUE), ]
    left[[covariate]] <- known$value[match(left$id, known$id)]
    if (!is.na(before)) left[[covariate]][is.na(left[[covariate]])] <- before
  }
  left$time <- left$time - day
  fit <- coxph(
    reformulate(covariates, quote(Surv(time, event))), left, ties = "efron",
    control = coxph.control(eps = 1e-12, toler.chol = 1e-14)
  )
  gone <- subset(set$patients, time < day)
  c(
    list(set = scalar(name), covariates = covariates, day = scalar(day), before = scalar(before),
         kept = scalar(nrow(left)), dead = scalar(sum(gone$event)), lost = scalar(sum(1 - gone$event))),
    terms(fit)
  )
}

shown <- function(name) {
  frame <- rows(sets[[name]])
  names <- unique(sets[[name]]$measured$covariate)
  c(list(id = frame$id, entry = frame$tstart, months = frame$tstop, event = frame$death),
    setNames(lapply(names, function(each) frame[[each]]), names))
}

cat(json(list(
  versions = list(R = scalar(as.character(getRversion())), survival = scalar(as.character(packageVersion("survival")))),
  sets = lapply(sets, function(set) list(patients = as.list(set$patients), measured = as.list(set$measured))),
  rows = list(transplant = shown("transplant"), years = shown("years")),
  varying = list(
    varying("transplant", c("transplant", "age", "surgery"), 0), varying("transplant", "transplant", 0),
    varying("liver", c("bili", "protime", "age")), varying("liver", "bili"),
    varying("years", c("bili", "protime", "age")), varying("years", "bili")
  ),
  landmark = list(
    at_landmark("transplant", c("transplant", "age"), 30, 0), at_landmark("transplant", "transplant", 14, 0),
    at_landmark("liver", c("bili", "age"), 365), at_landmark("years", "bili", 1)
  )
)), "\n")
