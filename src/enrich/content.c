/* SPDX-License-Identifier: MIT */
#include "enrich/content.h"

#include <sys/stat.h>
#include <unistd.h>

#define HEAD_BYTES   4096 /* looked at */
#define PE_WHERE     60   /* of the word that says where the header of a PE file is */
#define PE_WHERE_MAX (1u << 20)

/* linux/fs.h */
#define CLONE_FILE       0x40049409u
#define CLONE_FILE_RANGE 0x4020940du

static const uint16_t concerned[] = {ESPY_EV_file_open, ESPY_EV_file_copy, ESPY_EV_file_ioctl};

bool espy_content_concerns(unsigned type)
{
	for (size_t i = 0; i < sizeof(concerned) / sizeof(*concerned); i++)
		if (concerned[i] == type)
			return true;
	return false;
}

void espy_content_sources(bool *type)
{
	for (size_t i = 0; i < sizeof(concerned) / sizeof(*concerned); i++)
		type[concerned[i]] |= type[ESPY_EV_file_executable];
}

static bool is_pe(const unsigned char *p, size_t n)
{
	uint32_t where;

	if (n < PE_WHERE + sizeof(where))
		return false;
	memcpy(&where, p + PE_WHERE, sizeof(where));
	if (where < PE_WHERE + sizeof(where) || where > PE_WHERE_MAX)
		return false;
	return where + 4 > n || memcmp(p + where, "PE\0", 4) == 0;
}

unsigned espy_content_format(const unsigned char *p, size_t n)
{
	if (n < 4)
		return 0;
	if (memcmp(p, "\177ELF", 4) == 0)
		return ESPY_EXECUTABLE_ELF;
	if (memcmp(p, "#!", 2) == 0)
		return ESPY_EXECUTABLE_SCRIPT;
	return memcmp(p, "MZ", 2) == 0 && is_pe(p, n) ? ESPY_EXECUTABLE_PE : 0;
}

/* What the file is now; 0: nothing to run, or it cannot be reached any more. */
static unsigned look(const struct espy_follow *f, const struct espy_object *o)
{
	struct espy_image_key key = {
		.inode = o->inode,
		.dev = o->dev,
		.pid = f->decoder->no_proc ? 0 : f->rec->pid,
		.path = espy_object_text(o, ESPY_OBJECT_PATH),
	};
	unsigned char head[HEAD_BYTES];
	ssize_t n;
	int fd;

	if (o->flags & (ESPY_OBJ_UNLINKED | ESPY_OBJ_PSEUDO))
		return 0;
	fd = espy_image_open(&key);
	if (fd < 0)
		return 0;
	n = pread(fd, head, sizeof(head), 0);
	close(fd);
	return n > 0 ? espy_content_format(head, (size_t)n) : 0;
}

static int add(const struct espy_follow *f, uint32_t path, uint64_t size, unsigned format)
{
	const struct espy_schema *s = espy_schema_get(ESPY_EV_file_executable);
	int row = espy_follow_row(f, ESPY_EV_file_executable, path);

	if (row < 0)
		return row;
	espy_batch_set_num(f->b, (uint32_t)row, (unsigned)espy_schema_field(s, ESPY_STR("size")),
			   size);
	espy_batch_set_num(f->b, (uint32_t)row, (unsigned)espy_schema_field(s, ESPY_STR("format")),
			   format);
	espy_batch_set_num(f->b, (uint32_t)row, (unsigned)espy_schema_field(s, ESPY_STR("seen")),
			   ESPY_EXECUTABLE_READ);
	return 0;
}

static bool is_clone(const struct espy_event *hdr)
{
	const struct espy_ev_file_ioctl *rec = (const void *)hdr;

	return hdr->result == 0 &&
	       ((uint32_t)rec->request == CLONE_FILE || (uint32_t)rec->request == CLONE_FILE_RANGE);
}

int espy_content_follow(struct espy_content *c, const struct espy_follow *f)
{
	const struct espy_ev_file_copy *copy = (const void *)f->rec;
	const struct espy_ev_file_open *open = (const void *)f->rec;
	const struct espy_ev_file_ioctl *clone = (const void *)f->rec;
	bool copied = f->rec->type == ESPY_EV_file_copy && f->rec->result >= 4;
	uint64_t id = copied ? copy->path2.obj : clone->path.obj;
	const struct espy_object *o;
	unsigned format;

	if (c->off || f->rec->flags & ESPY_F_PENDING)
		return 0;
	if (f->rec->type == ESPY_EV_file_open && f->rec->result >= 0)
		espy_told_forget(&c->told, f->rec, open->path.obj);
	if (!copied && !(f->rec->type == ESPY_EV_file_ioctl && is_clone(f->rec)))
		return 0;
	o = espy_object_find(&f->decoder->objects, id);
	if (!o || (o->mode & S_IFMT) != S_IFREG || espy_told_note(&c->told, f->rec, id))
		return 0;
	format = look(f, o);
	if (!format)
		return 0;
	return add(f, copied ? f->path2 : f->v->path, copied ? (uint64_t)f->rec->result : 0,
		   format);
}
