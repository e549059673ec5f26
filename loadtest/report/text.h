/* Figures in words for people: "1.24 ms", "52,310/s", "3.1 MiB". One way to say each, so that what
 * is shown live, at the end, in pages and in comparisons looks the same.
 *
 * A text is a value; .s is good until the end of the statement that made it, or as long as the
 * variable it is kept in:
 *
 *   printf("%s of %s\n", text_count(10).s, text_duration(1.5e6).s);
 *
 * What is not known (NAN) is "–". Texts are UTF-8: "µs" takes fewer columns than bytes, so align
 * with text_pad, not with printf's widths. */
#pragma once

#include <stddef.h>
#include <stdio.h>

enum { TEXT_BYTES = 40 };

struct text {
    char s[TEXT_BYTES]; /* ended with a zero */
};

/* Of nanoseconds, to three digits: "850 ns", "12.3 µs", "1.24 ms", "10.0 s", from two minutes on
 * "2 min 5 s", from two hours on "3 h 4 min". */
struct text text_duration(double ns);

/* A whole number: "1,234,567". */
struct text text_count(double n);

/* In a second: "52,310/s", "310/s", to three digits below a hundred, "4.25/s". */
struct text text_rate(double per_second);

/* To three digits: "512 B", "9.70 KiB", "3.10 GiB"; and in a second, "12.5 MiB/s". */
struct text text_bytes(double bytes);
struct text text_byte_rate(double bytes_per_second);

/* To three digits, for where there is little room: "52.3k", "1.20M"; below a thousand "310". */
struct text text_brief(double n);

/* Of a share, 1 being all: "100 %", "99.5 %", "0.01 %". */
struct text text_share(double share);

/* Of a duration for a clock, in whole seconds: "0:09", "12:30", "1:02:03". */
struct text text_clock(double seconds);

/* The columns that UTF-8 text takes in a terminal, if no character of it is wide or combining. */
size_t text_columns(const char *s);

/* Writes s and as many spaces as fill so many columns; right-aligned, or left-aligned when columns
 * is negative. What is wider is not cut. */
void text_pad(FILE *to, const char *s, int columns);
