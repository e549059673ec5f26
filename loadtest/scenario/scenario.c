#include "scenario/scenario.h"

#include <string.h>

extern const struct scenario scenario_echo, scenario_hold, scenario_connect, scenario_chat,
    scenario_jobs, scenario_flood;

const struct scenario *const SCENARIOS[] = {
    &scenario_echo, &scenario_hold, &scenario_connect,
    &scenario_chat, &scenario_jobs, &scenario_flood,
};
const size_t SCENARIO_KINDS = sizeof SCENARIOS / sizeof *SCENARIOS;

const struct scenario *scenario_find(const char *name)
{
    for (size_t i = 0; i < SCENARIO_KINDS; i++) {
        if (strcmp(SCENARIOS[i]->name, name) == 0)
            return SCENARIOS[i];
    }
    return NULL;
}
