/* What the JSON report is made of, both ways: value_of_ makes JSON of what we count, value_to_
 * reads it again. Durations are in microseconds there: short to read, and whole nanoseconds
 * survive. What is not known is null there, and NAN or 0 here.
 *
 * A value_of_ is a new reference, which is the caller's; NULL: no memory. */
#pragma once

#include "report/run.h"

#include <jansson.h>

struct figure;

#define VALUE_NS_OF_US 1000.0

json_t *value_of_real(double value);
json_t *value_of_count(uint64_t n);
json_t *value_of_time(int64_t unix_s); /* "2026-01-31T12:00:00Z" */
/* Command lines may have any bytes; JSON may not. Those that are not UTF-8 become U+FFFD. */
json_t *value_of_text(const char *text);
json_t *value_of_figure(const struct figure *f, double value);
json_t *value_of_sample(const struct sample *s);

/* NAN, and 0, for what is no number. */
double value_to_real(const json_t *value);
uint64_t value_to_count(const json_t *value);
double value_to_figure(const struct figure *f, const json_t *value);
/* What is missing is zero, or not known. */
void value_to_sample(const json_t *value, struct sample *out);

/* Adds a member, whose reference is taken in any case; false: no memory, be it that the value was
 * NULL already. */
bool value_put(json_t *object, const char *key, json_t *value);
/* One member for each count, with its name. */
bool value_put_counts(json_t *object, const uint64_t counts[COUNT_KINDS]);
/* What a function has put together; if that failed, nothing. Takes the reference. */
json_t *value_only_if(bool ok, json_t *value);
