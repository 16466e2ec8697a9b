/* SPDX-License-Identifier: MIT */
#include "enrich/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "enrich/setting.h"
#include "enrich/wire.h"
#include "model/merged.h"

struct kept {
	size_t n;
	char value[ESPY_SETTINGS_VALUE_MAX];
};

/* The fields, by their place in the event table. */
enum create_field { CREATE_PATH, CREATE_CHANGE, CREATE_SETTING, CREATE_KEY };
enum set_field {
	SET_PATH,
	SET_SIZE,
	SET_CHANGE,
	SET_OLD_FROM,
	SET_SETTING,
	SET_KEY,
	SET_VALUE,
	SET_OLD,
	SET_CONTENT
};
enum move_field { MOVE_PATH, MOVE_TO, MOVE_CHANGE, MOVE_SETTING, MOVE_KEY }; /* delete, rename */

/* A row to be added. */
struct change {
	uint16_t type;
	uint8_t change;
	uint32_t path, path2; /* dictionary ids */
	int setting;          /* row of setting.h */
	struct espy_str key, value, old;
	uint8_t old_from;
	uint64_t size;
	uint32_t content;
};

/* --- life ----------------------------------------------------------------------------------- */

void espy_settings_init(struct espy_settings *s, const bool *on)
{
	*s = (struct espy_settings){0};
	memset(s->on, 1, sizeof(s->on));
	if (on)
		memcpy(s->on, on, sizeof(s->on));
}

static void forget_kept(struct espy_settings *s)
{
	struct espy_map_slot *slot;
	size_t i = 0;

	while ((slot = espy_map_next(&s->kept, &i)))
		free(slot->value);
	espy_map_done(&s->kept);
}

void espy_settings_done(struct espy_settings *s)
{
	forget_kept(s);
	free(s->known);
	espy_buf_done(&s->scratch);
}

/* --- which paths ---------------------------------------------------------------------------- */

/* Room for what is known of each string of the batch; false when memory is out. */
static bool know_batch(struct espy_settings *s, const struct espy_batch *b, uint32_t generation)
{
	size_t want = b->dict.n;
	uint8_t *bigger;

	if (s->batch != b || s->generation != generation) {
		if (s->n_known)
			memset(s->known, 0, s->n_known * sizeof(*s->known));
		s->batch = b;
		s->generation = generation;
	}
	if (want <= s->n_known)
		return true;
	want = want * 2 < 1024 ? 1024 : want * 2;
	bigger = realloc(s->known, want * sizeof(*s->known));
	if (!bigger)
		return false;
	memset(bigger + s->n_known, 0, (want - s->n_known) * sizeof(*bigger));
	s->known = bigger;
	s->n_known = want;
	return true;
}

/* Each path is looked at once in a batch, however many events mention it. */
static int setting_at(struct espy_settings *s, const struct espy_follow *f, uint32_t path)
{
	struct espy_str key;

	if (!path || !know_batch(s, f->b, f->decoder->batch) || path >= s->n_known)
		return ESPY_SETTING_NONE;
	if (!s->known[path])
		s->known[path] =
			(uint8_t)(2 + espy_setting_find(espy_dict_get(&f->b->dict, path), &key));
	return s->known[path] - 2;
}

/* net.ipv4.conf.eth0/1.mtu, as sysctl(8) spells net/ipv4/conf/eth0.1/mtu. */
static void put_sysctl_key(struct espy_buf *out, struct espy_str key)
{
	for (size_t i = 0; i < key.n; i++)
		espy_buf_putc(out, key.p[i] == '/' ? '.' : key.p[i] == '.' ? '/' : key.p[i]);
}

static uint32_t key_of(struct espy_settings *s, struct espy_batch *b, int setting,
		       struct espy_str key)
{
	uint32_t id;

	if (setting >= 0 && !strcmp(espy_setting_rows[setting].kind, "sysctl")) {
		espy_buf_reset(&s->scratch);
		put_sysctl_key(&s->scratch, key);
		key = (struct espy_str){s->scratch.p, s->scratch.error ? 0 : s->scratch.n};
	}
	id = espy_dict_add(&b->dict, key);
	return id == UINT32_MAX ? 0 : id;
}

/* --- adding --------------------------------------------------------------------------------- */

static void set_id(struct espy_batch *b, uint32_t row, unsigned field, uint32_t id)
{
	const struct espy_group *g = b->group[b->type[row]];

	((uint32_t *)g->cols[field])[b->slot[row]] = id;
}

static void fill_set(const struct espy_follow *f, uint32_t row, const struct change *c)
{
	espy_batch_set_num(f->b, row, SET_SIZE, c->size);
	espy_batch_set_num(f->b, row, SET_OLD_FROM, c->old_from);
	set_id(f->b, row, SET_VALUE, espy_follow_text(f, c->value));
	set_id(f->b, row, SET_OLD, espy_follow_text(f, c->old));
	set_id(f->b, row, SET_CONTENT, c->content);
}

static int add(struct espy_settings *s, const struct espy_follow *f, struct change *c)
{
	uint32_t kind, key;
	int row, at = 0;

	if (!s->on[c->type])
		return 0;
	row = espy_follow_row(f, c->type, c->path);
	if (row < 0)
		return row;
	espy_setting_find(espy_dict_get(&f->b->dict, c->path), &c->key);
	kind = espy_follow_text(f, espy_str0(espy_setting_rows[c->setting].kind));
	key = key_of(s, f->b, c->setting, c->key);
	if (c->type == ESPY_EV_settings_set) {
		fill_set(f, (uint32_t)row, c);
		at = SET_CHANGE;
	} else if (c->type == ESPY_EV_settings_create) {
		at = CREATE_CHANGE;
	} else {
		set_id(f->b, (uint32_t)row, MOVE_TO, c->path2);
		at = MOVE_CHANGE;
	}
	espy_batch_set_num(f->b, (uint32_t)row, (unsigned)at, c->change);
	at = c->type == ESPY_EV_settings_set ? SET_SETTING : at + 1;
	set_id(f->b, (uint32_t)row, (unsigned)at, kind);
	set_id(f->b, (uint32_t)row, (unsigned)at + 1, key);
	return 0;
}

/* A row about the path of the event itself, where that is a setting. */
static int add_here(struct espy_settings *s, const struct espy_follow *f, struct change c)
{
	c.path = f->v->path;
	c.setting = setting_at(s, f, c.path);
	return c.setting < 0 ? 0 : add(s, f, &c);
}

/* --- writing -------------------------------------------------------------------------------- */

static int follow_open(struct espy_settings *s, const struct espy_follow *f)
{
	const struct espy_ev_file_open *rec = (const void *)f->rec;
	struct change c = {.type = ESPY_EV_settings_set, .change = ESPY_SETTING_ASKED};
	bool writes = (rec->flags & O_ACCMODE) != O_RDONLY;
	int setting;

	if ((!writes && !(rec->flags & (O_CREAT | O_TRUNC))) || rec->flags & O_PATH)
		return 0;
	if (rec->hdr.result < 0)
		return add_here(s, f, c);
	setting = setting_at(s, f, f->v->path);
	if (setting < 0 || (espy_setting_is_live(setting) && !rec->created))
		return 0;
	espy_told_forget(&s->told, f->rec, rec->path.obj);
	if (rec->created) {
		c.type = ESPY_EV_settings_create;
		c.change = ESPY_SETTING_MADE;
		return add_here(s, f, c);
	}
	if (!(rec->flags & O_TRUNC))
		return 0;
	espy_told_note(&s->told, f->rec, rec->path.obj);
	c.change = ESPY_SETTING_TRUNCATED;
	return add_here(s, f, c);
}

/* What is written to a setting of the kernel comes as a record of its own. Merged writes of a file
 * begin as one does. */
_Static_assert(offsetof(struct espy_ev_file_writes, requested) ==
		       offsetof(struct espy_ev_file_write, requested),
	       "where the bytes stand");

static int follow_write(struct espy_settings *s, const struct espy_follow *f)
{
	const struct espy_ev_file_write *rec = (const void *)f->rec;
	int setting = setting_at(s, f, f->v->path);

	if (setting < 0 || espy_setting_is_live(setting) || rec->hdr.result < 0 ||
	    espy_told_note(&s->told, f->rec, rec->path.obj))
		return 0;
	return add_here(s, f,
			(struct change){.type = ESPY_EV_settings_set,
					.change = ESPY_SETTING_CONTENT,
					.size = rec->requested});
}

static int follow_copy(struct espy_settings *s, const struct espy_follow *f)
{
	const struct espy_ev_file_copy *rec = (const void *)f->rec;
	struct change c = {.type = ESPY_EV_settings_set, .path = f->path2, .content = f->v->path};

	c.setting = setting_at(s, f, c.path);
	if (c.setting < 0 || rec->hdr.result <= 0)
		return 0;
	c.size = (uint64_t)rec->hdr.result;
	c.change = ESPY_SETTING_VALUE;
	if (!espy_setting_is_live(c.setting)) {
		c.change = ESPY_SETTING_CONTENT;
		if (espy_told_note(&s->told, f->rec, rec->path2.obj))
			return 0;
	}
	return add(s, f, &c);
}

static int follow_truncate(struct espy_settings *s, const struct espy_follow *f)
{
	if (espy_setting_is_live(setting_at(s, f, f->v->path)))
		return 0;
	return add_here(
		s, f,
		(struct change){.type = ESPY_EV_settings_set, .change = ESPY_SETTING_TRUNCATED});
}

/* --- names ---------------------------------------------------------------------------------- */

static int follow_made(struct espy_settings *s, const struct espy_follow *f)
{
	bool link = f->rec->type == ESPY_EV_file_symlink;

	return add_here(s, f,
			(struct change){.type = ESPY_EV_settings_create,
					.change = link ? ESPY_SETTING_LINKED : ESPY_SETTING_MADE});
}

static int follow_link(struct espy_settings *s, const struct espy_follow *f)
{
	struct change c = {
		.type = ESPY_EV_settings_create, .change = ESPY_SETTING_LINKED, .path = f->path2};

	c.setting = setting_at(s, f, c.path);
	return c.setting < 0 ? 0 : add(s, f, &c);
}

static int follow_removed(struct espy_settings *s, const struct espy_follow *f)
{
	return add_here(
		s, f,
		(struct change){.type = ESPY_EV_settings_delete, .change = ESPY_SETTING_REMOVED});
}

/* From one setting to another, away, or onto one: then the file that comes is what it is set to. */
static int follow_rename(struct espy_settings *s, const struct espy_follow *f)
{
	int from = setting_at(s, f, f->v->path), to = setting_at(s, f, f->path2);
	struct change c = {.change = ESPY_SETTING_MOVED, .path = f->v->path, .path2 = f->path2};

	if (from < 0 && to < 0)
		return 0;
	c.setting = from;
	c.type = to < 0 ? ESPY_EV_settings_delete : ESPY_EV_settings_rename;
	if (from < 0) {
		c.type = ESPY_EV_settings_set;
		c.change = ESPY_SETTING_REPLACED;
		c.path = f->path2;
		c.content = f->v->path;
		c.setting = to;
	}
	return add(s, f, &c);
}

/* --- permissions ---------------------------------------------------------------------------- */

static struct espy_str text_from(struct espy_buf *b, size_t start)
{
	return b->error ? ESPY_STR_NONE : (struct espy_str){b->p + start, b->n - start};
}

static int follow_chmod(struct espy_settings *s, const struct espy_follow *f)
{
	const struct espy_ev_file_chmod *rec = (const void *)f->rec;
	struct change c = {.type = ESPY_EV_settings_set, .change = ESPY_SETTING_MODE};
	char value[32], old[32];

	snprintf(value, sizeof(value), "0%llo", (unsigned long long)rec->mode);
	snprintf(old, sizeof(old), "0%llo", (unsigned long long)rec->old_mode);
	c.value = espy_str0(value);
	if (rec->old_mode >= 0) {
		c.old = espy_str0(old);
		c.old_from = ESPY_SETTING_FROM_INODE;
	}
	return add_here(s, f, c);
}

/* "0:0"; what is kept is left out. */
static void put_owner(struct espy_buf *b, int64_t owner, int64_t group)
{
	if (owner >= 0)
		espy_buf_s64(b, owner);
	espy_buf_putc(b, ':');
	if (group >= 0)
		espy_buf_s64(b, group);
}

static int follow_chown(struct espy_settings *s, const struct espy_follow *f)
{
	const struct espy_ev_file_chown *rec = (const void *)f->rec;
	struct change c = {.type = ESPY_EV_settings_set, .change = ESPY_SETTING_OWNER};
	struct espy_buf *b = &f->decoder->scratch; /* the key is put together in our own */
	size_t middle;

	espy_buf_reset(b);
	put_owner(b, rec->owner, rec->group);
	middle = b->n;
	if (rec->old_owner >= 0) {
		put_owner(b, rec->old_owner, rec->old_group);
		c.old = text_from(b, middle);
		c.old_from = ESPY_SETTING_FROM_INODE;
	}
	c.value = (struct espy_str){b->p, b->error ? 0 : middle};
	return add_here(s, f, c);
}

/* --- all of them ---------------------------------------------------------------------------- */

static const struct {
	uint16_t type;
	int (*follow)(struct espy_settings *s, const struct espy_follow *f);
} followers[] = {
	{ESPY_EV_file_open, follow_open},      {ESPY_EV_file_write, follow_write},
	{ESPY_EV_file_copy, follow_copy},      {ESPY_EV_file_truncate, follow_truncate},
	{ESPY_EV_file_symlink, follow_made},   {ESPY_EV_file_mknod, follow_made},
	{ESPY_EV_file_mkdir, follow_made},     {ESPY_EV_file_link, follow_link},
	{ESPY_EV_file_unlink, follow_removed}, {ESPY_EV_file_rmdir, follow_removed},
	{ESPY_EV_file_rename, follow_rename},  {ESPY_EV_file_chmod, follow_chmod},
	{ESPY_EV_file_chown, follow_chown},    {ESPY_EV_file_writes, follow_write},
};

#define N_FOLLOWERS (sizeof(followers) / sizeof(*followers))

bool espy_settings_concern(unsigned type)
{
	for (size_t i = 0; i < N_FOLLOWERS; i++)
		if (followers[i].type == type)
			return true;
	return false;
}

static bool is_wanted(const bool *on)
{
	return on[ESPY_EV_settings_create] || on[ESPY_EV_settings_set] ||
	       on[ESPY_EV_settings_delete] || on[ESPY_EV_settings_rename];
}

void espy_settings_sources(bool *type)
{
	if (!is_wanted(type))
		return;
	for (size_t i = 0; i < N_FOLLOWERS; i++)
		if (!espy_merged_is(followers[i].type)) /* merging is up to the filter */
			type[followers[i].type] = true;
}

static bool is_refused(int64_t result)
{
	return result == -EACCES || result == -EPERM || result == -EROFS;
}

int espy_settings_follow(struct espy_settings *s, const struct espy_follow *f)
{
	if (!is_wanted(s->on) || f->rec->flags & ESPY_F_PENDING ||
	    (f->rec->result < 0 && !is_refused(f->rec->result)))
		return 0;
	for (size_t i = 0; i < N_FOLLOWERS; i++)
		if (followers[i].type == f->rec->type)
			return followers[i].follow(s, f);
	return 0;
}

/* --- records of the kernel side ------------------------------------------------------------- */

/* linux/magic.h, for what is mounted elsewhere than usual. */
static const struct {
	uint64_t magic;
	const char *kind;
} magics[] = {
	{0x9fa0, "sysctl"},      {0x62656572, "sysfs"},   {0x27e0eb, "cgroup"},
	{0x63677270, "cgroup"},  {0x64626720, "debugfs"}, {0x73636673, "securityfs"},
	{0xf97cff8c, "selinux"}, {0xde5e81e4, "efi"},     {0x62656570, "configfs"},
};

static const char *kind_of(uint64_t magic, int setting)
{
	for (size_t i = 0; i < sizeof(magics) / sizeof(*magics); i++)
		if (magics[i].magic == magic)
			return magics[i].kind;
	return setting < 0 ? "" : espy_setting_rows[setting].kind;
}

/* What was written last, and is the value before of the next write. */
static void keep(struct espy_settings *s, uint64_t object, struct espy_str value)
{
	struct kept *k = espy_map_get(&s->kept, object, 0);

	if (!k) {
		if (s->kept.n >= ESPY_SETTINGS_KEPT_MAX)
			forget_kept(s);
		k = malloc(sizeof(*k));
		if (k && espy_map_put(&s->kept, object, 0, k) < 0) {
			free(k);
			return;
		}
	}
	if (!k)
		return;
	k->n = value.n < sizeof(k->value) ? value.n : sizeof(k->value);
	memcpy(k->value, value.p, k->n);
}

static uint32_t old_value(struct espy_settings *s, const struct espy_ev_settings_set *rec,
			  struct espy_dict *dict, struct espy_str written, uint64_t *ret_from,
			  bool *ret_cut)
{
	struct espy_str bytes = espy_wire_bytes(&rec->hdr, rec->old_value);
	const struct kept *k = espy_map_get(&s->kept, rec->path.obj, 0);
	struct espy_setting_raw raw;
	struct espy_str old = ESPY_STR_NONE;

	*ret_from = ESPY_SETTING_FROM_UNKNOWN;
	espy_buf_reset(&s->scratch);
	if (bytes.n == sizeof(raw)) {
		memcpy(&raw, bytes.p, sizeof(raw));
		if (espy_sysctl_before(&s->sysctls, &raw, written, rec->hdr.result >= 0,
				       &s->scratch, ret_cut)) {
			*ret_from = ESPY_SETTING_FROM_KERNEL;
			old = text_from(&s->scratch, 0);
		}
	}
	if (*ret_from == ESPY_SETTING_FROM_UNKNOWN && k) {
		*ret_from = ESPY_SETTING_FROM_EARLIER;
		old = (struct espy_str){k->value, k->n};
	}
	return espy_dict_add(dict, old);
}

static uint32_t or_none(uint32_t id)
{
	return id == UINT32_MAX ? 0 : id;
}

void espy_settings_fill(struct espy_settings *s, const struct espy_event *hdr, struct espy_batch *b,
			struct espy_decoded *v)
{
	const struct espy_ev_settings_set *rec = (const void *)hdr;
	struct espy_str path = espy_dict_get(&b->dict, v->path), key = path;
	struct espy_str value = espy_dict_get(&b->dict, (uint32_t)v->value[SET_VALUE]);
	struct espy_str raw = espy_wire_bytes(hdr, rec->old_value);
	int setting = espy_setting_find(path, &key);
	uint64_t magic = 0;
	bool cut = false;

	if (raw.n >= sizeof(magic))
		memcpy(&magic, raw.p, sizeof(magic));
	if (!espy_setting_is_live(setting))
		setting = ESPY_SETTING_NONE;
	if (value.n && value.p[value.n - 1] == '\n') {
		value.n--;
		v->value[SET_VALUE] = or_none(espy_dict_add(&b->dict, value));
	}
	v->value[SET_SETTING] =
		or_none(espy_dict_add(&b->dict, espy_str0(kind_of(magic, setting))));
	v->value[SET_OLD] =
		or_none(old_value(s, rec, &b->dict, value, &v->value[SET_OLD_FROM], &cut));
	v->value[SET_KEY] = key_of(s, b, setting, key);
	v->flags |= cut ? ESPY_F_TRUNCATED : 0;
	if (hdr->result >= 0 && !(hdr->flags & (ESPY_F_TRUNCATED | ESPY_F_PENDING)) &&
	    rec->path.obj)
		keep(s, rec->path.obj, value);
}
