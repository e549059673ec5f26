/* The embedded web client: that what the build wrote is what the files in the tree say. */
#include <criterion/criterion.h>
#include <string.h>

#include "web/web_files.h"

static const struct web_file *find(const char *path)
{
    for (size_t i = 0; i < web_client.count; i++)
        if (strcmp(web_client.at[i].path, path) == 0)
            return &web_client.at[i];
    return NULL;
}

Test(web_files, index_is_at_the_root)
{
    const struct web_file *file = find("/");
    cr_assert_not_null(file);
    cr_assert_str_eq(file->content_type, "text/html; charset=utf-8");
    cr_assert_eq(memcmp(file->bytes, "<!doctype html>", 15), 0);
    cr_assert_null(find("/index.html"));
}

Test(web_files, pages_and_folders_are_part_of_the_path)
{
    cr_assert_str_eq(find("/echo/help")->content_type, "text/html; charset=utf-8");
    cr_assert_not_null(find("/echo/panel.js"));
    cr_assert_null(find("/echo/help.html"));
    cr_assert_null(find("/panel.js"));
}

Test(web_files, each_file_has_the_type_that_browsers_insist_on)
{
    cr_assert_str_eq(find("/main.js")->content_type, "text/javascript; charset=utf-8");
    cr_assert_str_eq(find("/style.css")->content_type, "text/css; charset=utf-8");
    cr_assert_str_eq(find("/favicon.svg")->content_type, "image/svg+xml");
}

Test(web_files, bytes_are_the_whole_file)
{
    const struct web_file *file = find("/favicon.svg");
    cr_assert_eq(memcmp(file->bytes, "<svg ", 5), 0);
    cr_assert_eq(memcmp(file->bytes + file->size - 7, "</svg>\n", 7), 0);
}

Test(web_files, etags_are_quoted_and_differ)
{
    for (size_t i = 0; i < web_client.count; i++) {
        const char *etag = web_client.at[i].etag;
        size_t length = strlen(etag);
        cr_assert_eq(length, 34);
        cr_assert_eq(etag[0], '"');
        cr_assert_eq(etag[length - 1], '"');
        for (size_t j = 0; j < i; j++)
            cr_assert_str_neq(etag, web_client.at[j].etag);
    }
}
