/* Manual pages (mdoc(7)) of which a part is made from a table of the program's. Used while building
 * alone. */
#pragma once

#include <stdio.h>

/* The main function of a program that does nothing else: prints the page whose path is its only
 * argument, with what `print_part` prints in the place of the line that reads `.\" TABLE`. Returns
 * the exit status. */
int mdoc_main(int argc, char **argv, void (*print_part)(FILE *to));

/* Prints a line of text as it is, without what the markup would take it for, as a sentence: with a
 * capital first and a full stop. */
void mdoc_print_sentence(FILE *to, const char *text);
