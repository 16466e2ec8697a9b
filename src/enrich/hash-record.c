/* SPDX-License-Identifier: MIT */
#include "enrich/hash-record.h"

#include <string.h>

static void add_text(struct espy_hash_record *r, struct espy_text *t, const char *s)
{
	size_t n = strlen(s), at = r->rec.hdr.size - sizeof(r->rec);

	if (n > sizeof(r->text) - at)
		n = sizeof(r->text) - at;
	memcpy(r->text + at, s, n);
	t->off = (uint16_t)r->rec.hdr.size;
	t->len = (uint16_t)n;
	r->rec.hdr.size += (uint32_t)n;
}

const struct espy_event *espy_hash_record(struct espy_hash_record *r, const struct espy_identity *i,
					  uint64_t time)
{
	struct espy_ev_image_hash *rec = &r->rec;

	memset(rec, 0, sizeof(*rec));
	rec->hdr.time = time;
	rec->hdr.duration = i->took_ns < time ? i->took_ns : 0;
	rec->hdr.start = i->start;
	rec->hdr.pid = rec->hdr.tid = i->pid;
	rec->hdr.type = ESPY_EV_image_hash;
	rec->hdr.size = sizeof(*rec);
	rec->image_inode = i->version.inode;
	rec->image_size = i->version.size;
	rec->image_mtime = i->version.mtime;
	rec->image_ctime = i->version.ctime;
	rec->image_dev = i->version.dev;
	rec->hash_status = i->status;
	add_text(r, &rec->path.text, i->path);
	rec->path.source = ESPY_SOURCE_KERNEL;
	add_text(r, &rec->file_sha256, i->hashes.hex[ESPY_HASH_SHA256]);
	add_text(r, &rec->file_sha1, i->hashes.hex[ESPY_HASH_SHA1]);
	add_text(r, &rec->file_md5, i->hashes.hex[ESPY_HASH_MD5]);
	add_text(r, &rec->owner_package, i->package);
	return &rec->hdr;
}
