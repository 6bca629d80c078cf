# What R's survival says about the data sets beside this file; the tests hold our estimators against it.
#
#   Rscript tests/golden/r_survival.R > tests/golden/r_survival.tsv
#
# One line per number: name, tab, value to 17 digits (NA where R gives none). Each data set has columns
# time, event (0/1), group, x1, x2, x3, strata, cluster and comes from R's own survival package (aml, lung,
# veteran, gbsg, complete cases), except `ties`, which is counted out by the formula below.
suppressPackageStartupMessages(library(survival))

here <- dirname(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE)))
tight <- coxph.control(eps = 1e-14, toler.chol = 1e-15, iter.max = 60)

say <- function(name, values) {
  for (i in seq_along(values))
    cat(name, if (length(values) > 1) paste0(".", i), "\t",
        if (is.na(values[i])) "NA" else sprintf("%.17g", values[i]), "\n", sep = "")
}

curve <- function(name, d, at, until) {
  fit <- survfit(Surv(time, event) ~ 1, d, conf.type = "log-log")
  table <- summary(fit, rmean = until)$table
  say(paste0(name, ".n"), table[["records"]])
  say(paste0(name, ".events"), table[["events"]])
  say(paste0(name, ".median"), unname(table[c("median", "0.95LCL", "0.95UCL")]))
  say(paste0(name, ".rmst"), unname(table[c("rmean", "se(rmean)")]))
  points <- summary(fit, times = at, extend = TRUE)
  say(paste0(name, ".surv"), points$surv)
  say(paste0(name, ".lower"), points$lower)
  say(paste0(name, ".upper"), points$upper)
  say(paste0(name, ".at_risk"), points$n.risk)
  back <- survfit(Surv(time, 1 - event) ~ 1, d, conf.type = "log-log")
  say(paste0(name, ".follow_up"), unname(summary(back)$table[c("median", "0.95LCL", "0.95UCL")]))
}

model <- function(name, fit, robust) {
  s <- summary(fit)
  say(paste0(name, ".beta"), unname(coef(fit)))
  say(paste0(name, ".se"), sqrt(unname(diag(vcov(fit)))))
  say(paste0(name, ".p"), unname(s$coefficients[, "Pr(>|z|)"]))
  say(paste0(name, ".loglik"), fit$loglik)
  say(paste0(name, ".lr"), unname(s$logtest[["test"]]))
  say(paste0(name, ".score"), unname(fit$score))
  say(paste0(name, ".wald"), unname(fit$wald.test))
  say(paste0(name, ".concordance"), unname(s$concordance))
  zph <- cox.zph(fit)$table
  say(paste0(name, ".zph"), unname(zph[, "chisq"]))
  say(paste0(name, ".zph_p"), unname(zph[, "p"]))
}

battery <- function(name, d, at, until) {
  curve(name, d, at, until)
  for (g in sort(unique(d$group)))
    curve(paste0(name, ".group", g), d[d$group == g, ], at, until)
  test <- survdiff(Surv(time, event) ~ group, d)
  say(paste0(name, ".logrank"), test$chisq)
  say(paste0(name, ".logrank_p"), pchisq(test$chisq, length(test$n) - 1, lower.tail = FALSE))
  say(paste0(name, ".logrank_stratified"), survdiff(Surv(time, event) ~ group + strata(strata), d)$chisq)
  model(paste0(name, ".cox"), coxph(Surv(time, event) ~ x1 + x2 + x3, d, control = tight))
  model(paste0(name, ".stratified"),
        coxph(Surv(time, event) ~ x1 + x2 + x3 + strata(strata), d, control = tight))
  model(paste0(name, ".robust"),
        coxph(Surv(time, event) ~ x1 + x2 + x3, d, cluster = cluster, control = tight))
  odds <- glm(event ~ x1 + x2 + x3, binomial, d, control = glm.control(epsilon = 1e-15, maxit = 100))
  say(paste0(name, ".logistic.beta"), unname(coef(odds)[-1]))
  say(paste0(name, ".logistic.se"), sqrt(unname(diag(vcov(odds)))[-1]))
  say(paste0(name, ".logistic.intercept"), unname(coef(odds)[1]))
  counts <- table(d$group, d$event)
  if (nrow(d) < 1000) {
    say(paste0(name, ".fisher"), fisher.test(counts, workspace = 2e7)$p.value)
    exact <- binom.test(sum(d$event), nrow(d))
    say(paste0(name, ".exact"), exact$conf.int[1:2])
  }
}

battery("aml", read.csv(file.path(here, "aml.csv")), c(9, 23, 48), 48)
battery("lung", read.csv(file.path(here, "lung.csv")), c(100, 310, 700), 365)
battery("veteran", read.csv(file.path(here, "veteran.csv")), c(1, 80, 400), 365)
battery("gbsg", read.csv(file.path(here, "gbsg.csv")), c(365, 1000, 2000), 1825)

# 100,000 patients on 60 times, by whole numbers only so that every language counts the same.
i <- 0:99999
k <- (i * 7919) %% 10007
x1 <- (i * 613) %% 11
x2 <- (i * 271) %% 2
battery("ties", data.frame(
  time = 1 + (k * k * 60) %/% (10007 * 10007 + x1 * 9000000 + x2 * 40000000),
  event = as.integer((i * 31) %% 97 < 60),
  group = i %% 3, x1 = x1, x2 = x2, x3 = (i * 47) %% 5,
  strata = (i * 17) %% 7, cluster = (i * 13) %% 25
), c(6, 12, 24), 24)

# The two traps. S is exactly one half over an interval (5 to 6; 2.9 to 3.1); the upper band falls below one half and rises again.
half <- data.frame(time = c(1, 2, 3, 4, 5, 6, 7, 8, 9, 10), event = c(1, 1, 1, 1, 1, 1, 1, 1, 1, 1))
curve("half", half, 3, 9)
half <- data.frame(time = c(0.7, 1.3, 2.9, 3.1, 6.2, 7.7), event = c(1, 1, 1, 1, 0, 1))
curve("half_censored", half, 3, 6)
crossing <- data.frame(time = c(rep(1, 135), rep(2, 42), rep(3, 121), 4, 5),
                       event = c(rep(1, 177), rep(0, 121), 1, 0))
curve("crossing", crossing, 2, 4)
zero <- data.frame(time = c(0, 0, 1, 2, 2, 3), event = c(1, 0, 1, 1, 0, 1))
curve("zero", zero, 1, 3)

# Fisher's exact test and exact intervals.
say("fisher_2x9", fisher.test(rbind(c(3, 2, 4, 1, 5, 2, 3, 2, 2), c(9, 9, 7, 9, 8, 9, 8, 8, 9)),
                              workspace = 2e8)$p.value)
say("fisher_2x3", fisher.test(rbind(c(12, 8, 4), c(46, 24, 6)))$p.value)
say("fisher_2x2", fisher.test(rbind(c(15, 9), c(55, 21)))$p.value)
say("fisher_2x2_large", fisher.test(rbind(c(7400, 1580), c(42600, 8420)))$p.value)
say("exact_24_100", binom.test(24, 100)$conf.int[1:2])
say("exact_0_10", binom.test(0, 10)$conf.int[1:2])
say("exact_10_10", binom.test(10, 10)$conf.int[1:2])

# Cochran's Q and DerSimonian-Laird, by their definitions.
y <- c(0.12, -0.35, 0.81, 0.40, -0.05)
v <- c(0.10, 0.22, 0.15, 0.30, 0.08)^2
w <- 1 / v
fixed <- sum(w * y) / sum(w)
q <- sum(w * (y - fixed)^2)
tau <- max(0, (q - 4) / (sum(w) - sum(w^2) / sum(w)))
u <- 1 / (v + tau)
say("pooled", c(fixed, sqrt(1 / sum(w)), q, pchisq(q, 4, lower.tail = FALSE), tau, sum(u * y) / sum(u),
                sqrt(1 / sum(u)), max(0, (q - 4) / q)))
