#include "core/symbols.h"

#include "unit/expect.h"

#include <elf.h>
#include <jansson.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>

/* --- a small file of our own ------------------------------------------------------------- */

static struct file {
    ElfW(Ehdr) header;
    ElfW(Shdr) sections[3]; /* none, names, symbols */
    ElfW(Sym) symbols[6];
    char names[32];
} file;

static const ElfW(Sym) *
    symbol(unsigned i, uint32_t name, unsigned char type, uint64_t at, uint64_t bytes)
{
    file.symbols[i] = (ElfW(Sym)){.st_name = name,
                                  .st_info = ELF64_ST_INFO(STB_LOCAL, type),
                                  .st_value = at,
                                  .st_size = bytes};
    return &file.symbols[i];
}

static void setup(void)
{
    file = (struct file){.header = {.e_shoff = offsetof(struct file, sections),
                                    .e_shentsize = sizeof(ElfW(Shdr)),
                                    .e_shnum = 3},
                         .names = "\0alpha\0beta\0table"};
    memcpy(file.header.e_ident, ELFMAG, SELFMAG);
    file.sections[1] = (ElfW(Shdr)){.sh_type = SHT_STRTAB,
                                    .sh_offset = offsetof(struct file, names),
                                    .sh_size = sizeof(file.names)};
    file.sections[2] = (ElfW(Shdr)){.sh_type = SHT_SYMTAB,
                                    .sh_link = 1,
                                    .sh_offset = offsetof(struct file, symbols),
                                    .sh_size = sizeof(file.symbols)};
    symbol(1, 12, STT_OBJECT, 0x1000, 0x1000); /* no function */
    symbol(2, 1, STT_FUNC, 0x1000, 0x10);
    symbol(3, 7, STT_FUNC, 0x1010, 0x20);
    symbol(4, 7, STT_FUNC, 0x1030, 0);       /* without a size */
    symbol(5, 1000, STT_FUNC, 0x1040, 0x10); /* whose name is not there */
}

TestSuite(symbols, .init = setup);

static const char *name_at(uint64_t address, uint64_t want_offset)
{
    struct symbols s;
    uint64_t offset = 0;
    symbols_read(&s, (const uint8_t *)&file, sizeof(file));
    const char *name = symbols_find(&s, address, &offset);
    cr_assert_eq(offset, want_offset);
    return name;
}

Test(symbols, a_function_has_its_first_byte_and_its_last)
{
    cr_assert_str_eq(name_at(0x1000, 0), "alpha");
    cr_assert_str_eq(name_at(0x100f, 15), "alpha");
    cr_assert_str_eq(name_at(0x1010, 0), "beta");
    cr_assert_str_eq(name_at(0x102f, 31), "beta");
}

Test(symbols, what_is_no_functions_has_no_name)
{
    cr_assert_null(name_at(0xfff, 0));
    cr_assert_null(name_at(0x1030, 0));
    cr_assert_null(name_at(0x1040, 0));
    cr_assert_null(name_at(UINT64_MAX, 0));
}

Test(symbols, a_stripped_file_has_none)
{
    file.sections[2].sh_type = SHT_NOBITS;
    cr_assert_null(name_at(0x1000, 0));
}

Test(symbols, names_without_an_end_are_not_used)
{
    file.names[sizeof(file.names) - 1] = 'x';
    cr_assert_null(name_at(0x1000, 0));
}

/* Looks for everything in an image that lies in memory of exactly its size. */
static void search(const void *image, size_t bytes)
{
    struct symbols s;
    uint64_t offset;
    uint8_t *copy = malloc(bytes + (bytes == 0));
    memcpy(copy, image, bytes);
    symbols_read(&s, copy, bytes);
    for (uint64_t address = 0xff0; address < 0x1060; address++) {
        const char *name = symbols_find(&s, address, &offset);
        cr_assert(name == NULL || strlen(name) < sizeof(file));
    }
    free(copy);
}

Test(symbols, a_file_may_end_anywhere)
{
    for (size_t bytes = 0; bytes <= sizeof(file); bytes++)
        search(&file, bytes);
}

Test(symbols, any_byte_may_be_wrong)
{
    static const uint8_t values[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
    for (size_t i = 0; i < sizeof(file); i++) {
        for (size_t k = 0; k < sizeof(values); k++) {
            struct file wrong = file;
            ((uint8_t *)&wrong)[i] = values[k];
            search(&wrong, sizeof(wrong));
        }
    }
}

/* --- this program ------------------------------------------------------------------------ */

__attribute__((noinline)) static int a_static_function(int x)
{
    return x * 3 + 1;
}

static const char *describe(const struct symbols *s, uintptr_t address)
{
    static char text[128];
    symbols_describe(s, address, text, sizeof(text));
    return text;
}

Test(symbols, a_static_function_of_ours_is_named)
{
    struct symbols s;
    symbols_open(&s);
    cr_assert_gt(s.count, 0);
    uintptr_t at = (uintptr_t)a_static_function;
    cr_assert_str_eq(describe(&s, at), "a_static_function+0");
    cr_assert_str_eq(describe(&s, at + 2), "a_static_function+0x2");
    symbols_close(&s);
    cr_assert_eq(s.count, 0);
    cr_assert_eq(a_static_function(1), 4);
}

Test(symbols, a_librarys_function_is_named_without_our_table)
{
    const struct symbols none = {0};
    cr_assert_str_eq(describe(&none, (uintptr_t)json_object), "json_object+0");
}

Test(symbols, without_a_name_there_is_the_file)
{
    const struct symbols none = {0};
    const char *text = describe(&none, (uintptr_t)a_static_function);
    cr_assert_neq(text[0], '0', "%s", text);
    cr_assert_not_null(strstr(text, "+0x"), "%s", text);
}

Test(symbols, what_is_no_code_is_a_number)
{
    const struct symbols none = {0};
    cr_assert_str_eq(describe(&none, 0x123), "0x123");
}

Test(symbols, a_description_is_cut)
{
    char text[4] = "???";
    const struct symbols none = {0};
    symbols_describe(&none, 0x12345, text, sizeof(text));
    cr_assert_str_eq(text, "0x1");
}
