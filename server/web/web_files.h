/* The files of our pages, as bytes inside the program. cmake/EmbedFiles.cmake turns each folder of
 * them into a C file in the build directory, so the daemon needs nothing installed beside it. All
 * of it is constant and lives as long as the program. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct web_file {
    const char *path;         /* "/" for index.html, "/a/b" for a/b.html, "/c.js" for c.js */
    const char *content_type; /* the whole value of the Content-Type field */
    const char *etag;         /* a strong validator in its quotes, RFC 9110 section 8.8.3 */
    const uint8_t *bytes;
    size_t size;
};

/* In no particular order. */
struct web_files {
    const struct web_file *at;
    size_t count;
};
extern const struct web_files web_client; /* server/web/client: the public listeners' */
extern const struct web_files web_admin;  /* server/web/admin: the admin listener's own */
