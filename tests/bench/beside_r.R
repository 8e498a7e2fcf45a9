# The same work in R, on the same input: Rscript beside_r.R FOLDER PART TIMES. Prints a line per call: part, wall and
# processor seconds; writes what was found as FOLDER/r_<part>.csv.
given <- commandArgs(trailingOnly = TRUE)
folder <- given[1]; parts <- strsplit(given[2], ",")[[1]]; times <- as.integer(given[3])
file <- function(name) file.path(folder, name)
matrix_of <- function(name, rows) matrix(readBin(file(name), "double", 1e9), nrow = rows)

prepare <- list(
  survival = function() {
    suppressMessages({library(survival); library(survminer)})
    read.csv(file("survival.csv"))
  },
  landscape = function() {
    suppressMessages({library(ComplexHeatmap); library(grid)})
    calls <- read.csv(file("calls.csv"))
    tumours <- read.csv(file("tumours.csv"))
    list(calls = calls, tumours = tumours, genes = readLines(file("genes.txt")))
  },
  genes = function() {
    suppressMessages(library(limma))
    marked <- scan(file("marked.txt"), quiet = TRUE)
    list(values = matrix_of("log2.bin", length(marked)), marked = marked)  # tumours x genes
  },
  fractions = function() {
    suppressMessages(library(quadprog))
    signature <- as.matrix(read.csv(file("signature.csv"), row.names = 1, check.names = FALSE))
    symbols <- readLines(file("symbols.txt"))
    list(signature = signature, symbols = symbols, tpm = matrix_of("tpm.bin", length(symbols)),
         scaling = read.csv(file("scaling.csv"))$scaling)
  }
)

constrained <- function(gram, right) {
  k <- nrow(gram)
  bounds <- cbind(rep(-1, k), diag(k))
  apply(right, 2, function(d) pmax(solve.QP(gram, d, bounds, c(-1, rep(0, k)))$solution, 0))
}

shares_of_cells <- function(mrna, scaling) {
  cells <- mrna / scaling
  total <- colSums(cells)
  cells <- sweep(cells, 2, ifelse(total > 0, colSums(mrna) / total, 0), "*")
  rbind(cells, pmax(0, 1 - colSums(cells)))
}

work <- list(
  survival = function(d) {
    fit <- survfit(Surv(months, event) ~ group, d)
    test <- survdiff(Surv(months, event) ~ group, d)
    model <- summary(coxph(Surv(months, event) ~ group, d))
    svg(file("r_survival.svg"), 3.5, 3.6)
    print(ggsurvplot(fit, data = d, risk.table = TRUE, pval = TRUE, conf.int = TRUE))
    invisible(dev.off())
    list(value = c(summary(fit)$table[, "median"], test$chisq, model$coefficients[, "coef"]))
  },
  landscape = function(d) {
    m <- matrix("", length(d$genes), nrow(d$tumours), dimnames = list(d$genes, d$tumours$sample))
    m[cbind(d$calls$gene, d$calls$sample)] <- d$calls$alteration
    color <- c(missense = "#44AA99", truncating = "#882255")
    draws <- list(
      background = function(x, y, w, h) grid.rect(x, y, w - unit(.2, "mm"), h - unit(.2, "mm"), gp = gpar(fill = "#E6E6E6", col = NA)),
      missense = function(x, y, w, h) grid.rect(x, y, w - unit(.2, "mm"), h - unit(.2, "mm"), gp = gpar(fill = color[["missense"]], col = NA)),
      truncating = function(x, y, w, h) grid.rect(x, y, w - unit(.2, "mm"), h - unit(.2, "mm"), gp = gpar(fill = color[["truncating"]], col = NA))
    )
    above <- HeatmapAnnotation(burden = anno_barplot(d$tumours$burden), sex = d$tumours$sex, age = d$tumours$age)
    svg(file("r_landscape.svg"), 7, 4)
    draw(oncoPrint(m, alter_fun = draws, col = color, top_annotation = above, column_split = d$tumours$subtype,
                   show_column_names = FALSE))
    invisible(dev.off())
    list(value = rowMeans(m != ""))
  },
  genes = function(d) {
    fit <- eBayes(lmFit(t(d$values), cbind(1, d$marked)))
    table <- topTable(fit, coef = 2, number = Inf, sort.by = "none")
    list(value = c(table$t, table$P.Value))
  },
  fractions = function(d) {
    tpm <- sweep(d$tpm, 2, 1e6 / colSums(d$tpm), "*")
    norm <- norm(d$signature, "2")
    a <- d$signature / norm
    b <- tpm[match(rownames(d$signature), d$symbols), , drop = FALSE] / norm
    cd4 <- match("T.cells.CD4", colnames(a)); tregs <- match("Tregs", colnames(a))
    first <- shares_of_cells(constrained(crossprod(a), crossprod(a, b)), d$scaling)
    without <- a[, -cd4]
    second <- shares_of_cells(constrained(crossprod(without), crossprod(without, b)), d$scaling[-cd4])
    alone <- second[match("Tregs", colnames(without)), ]
    few <- first[tregs, ] < 0.02
    mean_of_two <- (alone + first[tregs, ]) / 2
    first[cd4, few] <- pmax(0, first[cd4, ] - (alone + mean_of_two) / 2)[few]
    first[tregs, few] <- mean_of_two[few]
    list(value = as.vector(sweep(first, 2, colSums(first), "/")))
  }
)

for (part in parts) {
  input <- prepare[[part]]()
  for (turn in seq_len(times)) {
    start <- proc.time()
    result <- work[[part]](input)
    taken <- proc.time() - start
    cat(sprintf("%s %.6f %.6f\n", part, taken[["elapsed"]], taken[["user.self"]] + taken[["sys.self"]]))
  }
  write.csv(data.frame(value = result$value), file(sprintf("r_%s.csv", part)), row.names = FALSE)
}
