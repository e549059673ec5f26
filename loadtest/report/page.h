/* A self-contained HTML page: no script, nothing loaded, readable on a phone, in dark mode and in
 * print. What goes wrong with writing is seen by ferror at the end. */
#pragma once

#include <stdio.h>

/* Writes all that comes before the page's content, with the style sheet. */
void page_begin(const char *title, FILE *out);
void page_end(FILE *out);

/* Writes text from outside, in elements and in attributes alike: what is markup is escaped. */
void page_text(const char *text, FILE *out);

/* The style sheet, in page_style.c. */
extern const char PAGE_STYLE[];
