/* SPDX-License-Identifier: MIT */
/* Any bytes as a stack of a trace, and as an ELF file: names do not make lines, lines do not
 * vanish, and a name lies within its file. */
#include "fuzz.h"
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "enrich/image.h"
#include "enrich/symbols.h"
#include "enrich/symtab.h"

static void need(int ok)
{
	if (!ok)
		abort();
}

static size_t lines(const char *p, size_t n)
{
	size_t found = n && p[n - 1] != '\n';

	for (size_t i = 0; i < n; i++)
		found += p[i] == '\n';
	return found;
}

static void as_stack(const uint8_t *data, size_t size)
{
	struct espy_str in = {(const char *)data, size};
	struct espy_buf out = {0};
	struct espy_symbols *s;

	need(espy_symbols_new(&s) == 0);
	espy_symbols_stack(s, in, &out);
	need(!out.error && lines(out.p ? out.p : "", out.n) == lines(in.p, in.n));
	espy_buf_done(&out);
	espy_symbols_free(s);
}

static void as_file(const uint8_t *data, size_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	struct espy_image_code code[ESPY_IMAGE_CODE_MAX];
	unsigned char id[ESPY_BUILD_ID_MAX];
	struct espy_symtab *t;
	uint64_t offset;

	need(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	need(espy_image_read(fd, id) <= (int)ESPY_BUILD_ID_MAX);
	need(espy_image_code(fd, code) <= (int)ESPY_IMAGE_CODE_MAX);
	if (espy_symtab_read(&t, fd) == 0) {
		for (uint64_t at = 0; at < 1 << 16; at += 16) {
			struct espy_str name = espy_symtab_find(t, at, &offset);

			need(!name.n || (offset <= at && strlen(name.p) == name.n));
		}
		espy_symtab_free(t);
	}
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	as_stack(data, size);
	as_file(data, size);
	return 0;
}
