// Package money holds the two money types and the one rounding rule.
//
// An Amount is what is owed or posted: whole minor units of a currency. A Rate is an exact decimal without a
// currency: a goal's amount, a percent, an exchange rate, a value as it was sent. A Rate becomes an Amount only by
// Rate.Round, once per result, half away from zero.
//
// There is no binary floating point here, nor in any text that this package reads or writes.
package money
