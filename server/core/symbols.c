#include "core/symbols.h"

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <link.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Copies what lies at the offset; false when the image ends before. */
static bool read_at(const struct symbols *s, uint64_t offset, void *out, size_t bytes)
{
    if (offset > s->image_bytes || s->image_bytes - offset < bytes)
        return false;
    memcpy(out, s->image + offset, bytes);
    return true;
}

static bool is_inside(const struct symbols *s, const ElfW(Shdr) * section)
{
    return section->sh_offset <= s->image_bytes &&
           section->sh_size <= s->image_bytes - section->sh_offset;
}

static bool read_section(const struct symbols *s, const ElfW(Ehdr) * h, uint32_t index,
                         ElfW(Shdr) * out)
{
    return index < h->e_shnum &&
           read_at(s, h->e_shoff + (uint64_t)index * sizeof(*out), out, sizeof(*out));
}

void symbols_read(struct symbols *out, const uint8_t *image, size_t image_bytes)
{
    struct symbols s = {.image = image, .image_bytes = image_bytes};
    ElfW(Ehdr) h;
    ElfW(Shdr) table, names;
    *out = (struct symbols){0};
    if (!read_at(&s, 0, &h, sizeof(h)) || memcmp(h.e_ident, ELFMAG, SELFMAG) != 0 ||
        h.e_shentsize != sizeof(ElfW(Shdr)) || h.e_shoff > image_bytes)
        return;
    uint32_t index = 0;
    do {
        if (!read_section(&s, &h, index++, &table))
            return;
    } while (table.sh_type != SHT_SYMTAB);
    if (!read_section(&s, &h, table.sh_link, &names) || !is_inside(&s, &table) ||
        !is_inside(&s, &names))
        return;
    if (names.sh_size == 0 || image[names.sh_offset + names.sh_size - 1] != '\0')
        return;
    s.table = table.sh_offset;
    s.count = table.sh_size / sizeof(ElfW(Sym));
    s.names = names.sh_offset;
    s.names_bytes = names.sh_size;
    *out = s;
}

const char *symbols_find(const struct symbols *s, uint64_t address, uint64_t *offset)
{
    for (size_t i = 0; i < s->count; i++) {
        ElfW(Sym) symbol;
        memcpy(&symbol, s->image + s->table + i * sizeof(symbol), sizeof(symbol));
        if (ELF64_ST_TYPE(symbol.st_info) != STT_FUNC || address < symbol.st_value ||
            address - symbol.st_value >= symbol.st_size || symbol.st_name >= s->names_bytes)
            continue;
        *offset = address - symbol.st_value;
        return (const char *)s->image + s->names + symbol.st_name;
    }
    return NULL;
}

/* The file is opened by the name that the link gives, since the link itself is not ours under
 * valgrind; else by the link, which leads into directories that daemon.user may not enter. */
static int open_executable(void)
{
    static const char self[] = "/proc/self/exe";
    char path[PATH_MAX];
    ssize_t len = readlink(self, path, sizeof(path) - 1);
    if (len < 0)
        return -1;
    path[len] = '\0';
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd >= 0 ? fd : open(self, O_RDONLY | O_CLOEXEC);
}

void symbols_open(struct symbols *out)
{
    *out = (struct symbols){0};
    int fd = open_executable();
    if (fd < 0)
        return;
    struct stat st;
    void *image = MAP_FAILED;
    if (fstat(fd, &st) == 0 && st.st_size > 0)
        image = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    if (image == MAP_FAILED)
        return;
    symbols_read(out, image, (size_t)st.st_size);
    if (out->count == 0)
        munmap(image, (size_t)st.st_size);
}

void symbols_close(struct symbols *s)
{
    if (s->count != 0)
        munmap((void *)(uintptr_t)s->image, s->image_bytes);
    *s = (struct symbols){0};
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

void symbols_describe(const struct symbols *s, uintptr_t address, char *out, size_t bytes)
{
    Dl_info info;
    struct link_map *map = NULL;
    if (dladdr1((void *)address, &info, (void **)&map, RTLD_DL_LINKMAP) == 0 || map == NULL) {
        snprintf(out, bytes, "%#" PRIxPTR, address);
        return;
    }
    uint64_t in_file = address - map->l_addr, offset = in_file;
    const char *name = NULL;
    if (map->l_name[0] == '\0') /* the executable */
        name = symbols_find(s, in_file, &offset);
    if (name == NULL && info.dli_sname != NULL) {
        name = info.dli_sname;
        offset = address - (uintptr_t)info.dli_saddr;
    }
    if (name == NULL)
        name = base_name(info.dli_fname);
    snprintf(out, bytes, "%s+%#" PRIx64, name, offset);
}
