/* For test programs that start children: the children are the same program, and must become what
 * their role says before Criterion's main looks at the arguments. */
#pragma once

#include "jobs/role.h"

#include <stdlib.h>
#include <string.h>

/* A worker of the test's own, in the place of the true one; NULL: none. Set by the program. */
extern int (*const role_process_worker)(int fd);

__attribute__((constructor)) static void role_process_run(int argc, char **argv)
{
    int status;
    if (argc == 3 && strcmp(argv[1], "--role=worker") == 0 && role_process_worker != NULL)
        exit(role_process_worker(ROLE_FD));
    if (role_dispatch(argc, argv, &status))
        exit(status);
}
