# What R's survival says about the truth of the synthetic sample, by the plan of schemas/analysis.yaml.
#
#   Rscript tests/golden/r_sample.R > tests/golden/r_sample.tsv
#
# To be printed anew whenever sample_exports/truth.csv changes; `truth` is that file's MD5.
suppressPackageStartupMessages(library(survival))

here <- dirname(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE)))
path <- file.path(here, "..", "..", "sample_exports", "truth.csv")
tight <- coxph.control(eps = 1e-14, toler.chol = 1e-15, iter.max = 60)

say <- function(name, values) {
  for (i in seq_along(values))
    cat(name, if (length(values) > 1) paste0(".", i), "\t",
        if (is.na(values[i])) "NA" else sprintf("%.17g", values[i]), "\n", sep = "")
}

d <- read.csv(path, na.strings = "", colClasses = c(patient_id = "character"))
d$dead <- d$is_dead == "true"
d$responder <- d$is_responder == "true"
d$secondary <- d$is_secondary == "true"
d$age <- d$age_at_hma_years / 10
d$adverse <- d$eln2017_risk == "adverse"
d$frail <- d$ecog >= 2
d$best <- ifelse(d$responder, "Response", ifelse(d$best_response == "SD", "Stable disease", NA))
d$best[d$best_response == "PD"] <- "Progressive disease"

curve <- function(name, rows) {
  fit <- survfit(Surv(os_months, dead) ~ 1, rows, conf.type = "log-log")
  say(paste0(name, ".median"), unname(summary(fit)$table[c("median", "0.95LCL", "0.95UCL")]))
  points <- summary(fit, times = c(6, 12, 24), extend = TRUE)
  say(paste0(name, ".surv"), points$surv)
  say(paste0(name, ".lower"), points$lower)
  say(paste0(name, ".upper"), points$upper)
  say(paste0(name, ".rmst"), unname(summary(fit, rmean = 24)$table[c("rmean", "se(rmean)")]))
}
model <- function(name, fit) {
  s <- summary(fit)
  say(paste0(name, ".ratio"), unname(exp(coef(fit))))
  say(paste0(name, ".lower"), unname(s$conf.int[, "lower .95"]))
  say(paste0(name, ".upper"), unname(s$conf.int[, "upper .95"]))
  say(paste0(name, ".p"), unname(s$coefficients[, "Pr(>|z|)"]))
  say(paste0(name, ".lr"), unname(s$logtest[["test"]]))
  say(paste0(name, ".concordance"), unname(s$concordance[1]))
  say(paste0(name, ".zph"), unname(cox.zph(fit)$table[, "chisq"]))
}

curve("all", d)
for (level in c("Response", "Stable disease", "Progressive disease"))
  curve(level, d[!is.na(d$best) & d$best == level, ])
curve("De novo", d[!d$secondary, ])
curve("Secondary", d[d$secondary, ])
back <- survfit(Surv(os_months, !dead) ~ 1, d, conf.type = "log-log")
say("follow_up", unname(summary(back)$table[c("median", "0.95LCL", "0.95UCL")]))
p <- function(test) pchisq(test$chisq, length(test$n) - 1, lower.tail = FALSE)
say("logrank.aml_type", p(survdiff(Surv(os_months, dead) ~ secondary, d)))
say("logrank.best_response", p(survdiff(Surv(os_months, dead) ~ best, d)))
say("stratified.aml_type", p(survdiff(Surv(os_months, dead) ~ secondary + strata(center), d)))

terms <- Surv(os_months, dead) ~ responder + secondary + age + adverse + frail
model("multivariate", coxph(terms, d, control = tight))
model("stratified", coxph(update(terms, . ~ . + strata(center)), d, control = tight))
model("clustered", coxph(terms, d, cluster = center, control = tight))
for (term in c("responder", "secondary", "age", "adverse", "frail"))
  say(paste0("univariate.", term),
      unname(exp(coef(coxph(reformulate(term, terms[[2]]), d, control = tight)))))

days <- as.numeric(as.Date(d$best_response_date) - as.Date(d$hma_start_date))
d$by_then <- d$responder & !is.na(days) & days / 30.4375 <= 3
later <- d[d$os_months > 3 & !(d$responder & is.na(days)), ]
later$os_months <- later$os_months - 3
say("landmark.n", nrow(later))
say("landmark.ratio", unname(exp(coef(coxph(Surv(os_months, dead) ~ by_then, later, control = tight)))))
say("landmark.p", p(survdiff(Surv(os_months, dead) ~ by_then, later)))

odds <- glm(responder ~ secondary + age + adverse + frail, binomial, d,
            control = glm.control(epsilon = 1e-15, maxit = 100))
say("odds.ratio", unname(exp(coef(odds)[-1])))
say("odds.p", unname(summary(odds)$coefficients[-1, 4]))
say("rate", binom.test(sum(d$responder), nrow(d))$conf.int[1:2])
for (name in c("secondary", "hma_drug", "adverse", "disease_status"))
  say(paste0("fisher.", name), fisher.test(table(d[[name]], d$responder))$p.value)
say("fisher.center", fisher.test(table(d$center, d$responder), workspace = 2e8)$p.value)
cat("truth\t", unname(tools::md5sum(path)), "\n", sep = "")
