# JSON for the golden files: an atomic vector is an array, scalar() one value, a named list an object, NA and NaN null,
# infinities text. Every script of this folder sources it.

scalar <- function(x) structure(list(x), class = "scalar")

atoms <- function(x) {
  if (is.factor(x)) x <- as.character(x)
  text <- if (is.character(x)) sprintf("\"%s\"", x)
    else if (is.logical(x)) tolower(as.character(x))
    else sprintf("%.17g", x)
  if (is.numeric(x)) {
    # +0 and -0 are the same number, and which of them comes out may hang on the machine
    text[!is.na(x) & x == 0] <- "0"
    text[is.infinite(x)] <- ifelse(x[is.infinite(x)] > 0, "\"Inf\"", "\"-Inf\"")
  }
  text[is.na(x)] <- "null"
  text
}

json <- function(x) {
  if (inherits(x, "scalar")) return(atoms(x[[1]]))
  if (!is.list(x)) return(sprintf("[%s]", paste(atoms(x), collapse = ", ")))
  inner <- vapply(x, json, "")
  if (is.null(names(x))) return(sprintf("[\n%s\n]", paste(inner, collapse = ",\n")))
  sprintf("{\n%s\n}", paste(sprintf("\"%s\": %s", names(x), inner), collapse = ",\n"))
}
