/* What every part of the simulation uses: the dice, and the way out. Everything that happens in a
 * run comes from its seed, so that a run can be had again. (One throw per expression: compilers
 * choose the order in which they evaluate arguments.) */
#pragma once

#include <stdbool.h>
#include <stdint.h>

void sim_seed(uint64_t seed);
/* 0 to n - 1. */
uint32_t sim_below(uint32_t n);
bool sim_chance(unsigned percent);

/* Prints what is wrong, and ends the program the way a failed CHECK does. */
__attribute__((format(printf, 1, 2))) _Noreturn void sim_fail(const char *format, ...);
#define SIM_CHECK(cond, ...) ((cond) ? (void)0 : sim_fail(__VA_ARGS__))
