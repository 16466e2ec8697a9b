/* SPDX-License-Identifier: MIT */
#include "model/column.h"

#include <pthread.h>
#include "base/escape.h"
#include "model/call.h"
#include "model/value.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define CALL_NAME_MAX 64 /* "ia32:" and the longest call */

enum {
#define EVENT(...)
#define FIELD(...) +1
#define CALL(...)
#define END(ev)
	FIELDS_MAX = 0
#include "model/events.def"
	,
#define EVENT(...) +1
#define FIELD(...)
#define CALL(...)
#define END(ev)
	EVENTS_MAX = 0
#include "model/events.def"
};

/* --- the list of columns ---------------------------------------------------------------------- */

#define COLUMN(name_, title_, type_, fmt_, width_, doc_) \
	{                                                \
		.name = #name_,                          \
		.title = title_,                         \
		.doc = doc_,                             \
		.id = ESPY_COL_##name_,                  \
		.type = ESPY_TYPE_##type_,               \
		.fmt = ESPY_FMT_##fmt_,                  \
		.width = width_,                         \
	},
static const struct espy_column common[] = {
#include "model/columns.def"
};

/* Made once from the event table; events are counted by their place in espy_schemas. field_of says
 * which field of an event a column is, plus one; in_detail has a bit for each field that belongs
 * into the detail, words that of the command line. */
static struct {
	pthread_once_t once;
	unsigned n;
	struct espy_column columns[FIELDS_MAX];
	uint8_t field_of[FIELDS_MAX][EVENTS_MAX];
	uint64_t in_detail[EVENTS_MAX], words[EVENTS_MAX];
} fields = {.once = PTHREAD_ONCE_INIT};

static unsigned width_of(unsigned fmt)
{
	switch (fmt) {
	case ESPY_FMT_PATH:
		return 40;
	case ESPY_FMT_ARGV:
		return 30;
	case ESPY_FMT_ADDR:
		return 21;
	case ESPY_FMT_TIME:
	case ESPY_FMT_WALL:
	case ESPY_FMT_TEXT:
		return 15;
	case ESPY_FMT_HEX:
		return 18;
	default:
		return fmt > ESPY_FMT__FLAGS ? 20 : 8;
	}
}

static bool is_common(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(common); i++)
		if (strcmp(common[i].name, name) == 0)
			return true;
	return false;
}

static unsigned find_field(const char *name)
{
	unsigned i = 0;

	while (i < fields.n && strcmp(fields.columns[i].name, name) != 0)
		i++;
	return i;
}

static void add_field(const struct espy_field *f, unsigned index, size_t place)
{
	unsigned i = find_field(f->name);
	struct espy_column *c = &fields.columns[i];

	fields.field_of[i][place] = (uint8_t)(index + 1);
	if (i < fields.n)
		return;
	fields.n++;
	*c = (struct espy_column){
		.name = f->name,
		.title = f->column[0] ? f->column : f->name,
		.doc = f->doc,
		.id = (uint16_t)(ESPY_COL__FIELDS + i),
		.type = espy_kind_is_string(f->kind)   ? ESPY_TYPE_STR
			: espy_kind_is_signed(f->kind) ? ESPY_TYPE_INT
						       : ESPY_TYPE_NUM,
		.fmt = f->fmt,
		.width = (uint8_t)width_of(f->fmt),
	};
}

static void build_event(const struct espy_schema *s, size_t place)
{
	for (unsigned i = 0; i < s->n_fields; i++) {
		const struct espy_field *f = &s->fields[i];

		if (is_common(f->name))
			continue;
		add_field(f, i, place);
		if (f->column[0] && f->fmt == ESPY_FMT_ARGV && !fields.words[place])
			fields.words[place] = 1ULL << i;
		else if (f->column[0])
			fields.in_detail[place] |= 1ULL << i;
	}
}

static void build(void)
{
	for (size_t i = 0; i < espy_n_schemas; i++)
		if (espy_schema_is_shown(&espy_schemas[i]))
			build_event(&espy_schemas[i], i);
}

const struct espy_column *espy_column_at(unsigned i)
{
	pthread_once(&fields.once, build);
	if (i < ARRAY_SIZE(common))
		return &common[i];
	i -= ARRAY_SIZE(common);
	return i < fields.n ? &fields.columns[i] : NULL;
}

const struct espy_column *espy_column_find(struct espy_str name)
{
	const struct espy_column *c;

	for (unsigned i = 0; (c = espy_column_at(i)); i++)
		if (espy_str_eq(espy_str0(c->name), name))
			return c;
	return NULL;
}

int espy_column_field(const struct espy_column *c, const struct espy_schema *s)
{
	if (c->id < ESPY_COL__FIELDS)
		return -1;
	return fields.field_of[c->id - ESPY_COL__FIELDS][s - espy_schemas] - 1;
}

/* --- values that every event has -------------------------------------------------------------- */

/* A row that names no process, as a loss record does. */
static const struct espy_proc nobody = {.parent = UINT32_MAX, .login_uid = UINT32_MAX};

static const struct espy_proc *proc_of(const struct espy_batch *b, uint32_t row)
{
	return b->proc[row] < b->n_procs ? &b->procs[b->proc[row]] : &nobody;
}

/* Whole assignments into the caller's value: one made here and copied would wait for its narrow
 * stores. */
static bool is_number(struct espy_value *v, uint64_t num)
{
	*v = (struct espy_value){.num = num};
	return true;
}

static bool is_text(struct espy_value *v, uint32_t id, struct espy_str s)
{
	*v = (struct espy_value){.is_string = true, .id = id, .str = s};
	return s.n > 0;
}

static bool is_constant(struct espy_value *v, const char *s)
{
	return is_text(v, UINT32_MAX, espy_str0(s));
}

static bool is_stored(struct espy_value *v, const struct espy_batch *b, uint32_t id)
{
	return is_text(v, id, espy_dict_get(&b->dict, id));
}

static bool is_made(struct espy_value *v, const struct espy_buf *scratch, size_t start)
{
	struct espy_str s = ESPY_STR_NONE;

	if (scratch->p) /* nothing was ever written to it: no place to count from */
		s = (struct espy_str){scratch->p + start, scratch->n - start};
	return is_text(v, UINT32_MAX, s);
}

/* Results are a count, a descriptor or nothing, but for these. */
static unsigned result_fmt(const struct espy_batch *b, uint32_t row)
{
	switch (b->type[row]) {
	case ESPY_EV_process_exit:
		return ESPY_FMT_EXIT;
	case ESPY_EV_image_load:
	case ESPY_EV_memory_exec:
	case ESPY_EV_memory_map:
	case ESPY_EV_memory_remap:
	case ESPY_EV_memory_brk:
	case ESPY_EV_file_map_shared:
		return ESPY_FMT_POINTER;
	default:
		return ESPY_FMT_ERRNO;
	}
}

static const char *error_of(const struct espy_batch *b, uint32_t row)
{
	if (result_fmt(b, row) == ESPY_FMT_EXIT || b->flags[row] & ESPY_F_PENDING ||
	    b->result[row] >= 0)
		return "";
	return espy_errno_name(b->result[row]);
}

static bool get_parent(const struct espy_batch *b, uint32_t row, struct espy_value *v)
{
	uint32_t parent = proc_of(b, row)->parent;

	return parent < b->n_procs ? is_stored(v, b, b->procs[parent].name) : is_constant(v, "");
}

static bool get_syscall(const struct espy_batch *b, uint32_t row, struct espy_buf *scratch,
			struct espy_value *v)
{
	const char *name = espy_call_name(b->abi[row], b->call[row]);
	size_t start = scratch->n;
	char text[CALL_NAME_MAX];

	if (name && b->abi[row] == ESPY_ABI_NATIVE)
		return is_constant(v, name);
	espy_buf_puts(scratch, espy_call_show(text, sizeof(text), b->abi[row], b->call[row]));
	return is_made(v, scratch, start);
}

static bool get_category(const struct espy_batch *b, uint32_t row, struct espy_value *v)
{
	static const char *const names[ESPY_CATEGORY__MAX] = {"", "Read", "Write", "Read Metadata",
							      "Write Metadata"};
	unsigned category = b->category[row];

	return is_constant(v, category < ESPY_CATEGORY__MAX ? names[category] : "");
}

static bool get_detail(const struct espy_batch *b, uint32_t row, struct espy_buf *scratch,
		       struct espy_value *v)
{
	size_t start = scratch->n;

	if (b->detail[row])
		return is_stored(v, b, b->detail[row]);
	espy_column_detail(scratch, b, row);
	return is_made(v, scratch, start);
}

static bool get_event(unsigned id, const struct espy_batch *b, uint32_t row,
		      struct espy_buf *scratch, struct espy_value *v)
{
	const struct espy_schema *s = b->group[b->type[row]]->schema;

	switch (id) {
	case ESPY_COL_seq:
		return is_number(v, b->first_seq + row);
	case ESPY_COL_time:
		return is_number(v, b->time[row]);
	case ESPY_COL_end:
		return is_number(v, b->time[row] + b->duration[row]);
	case ESPY_COL_duration:
		return is_number(v, b->duration[row]) && !(b->flags[row] & ESPY_F_NO_ENTRY);
	case ESPY_COL_class:
		return is_constant(v, espy_class_name(s->class_id));
	case ESPY_COL_op:
		return is_constant(v, s->op);
	case ESPY_COL_event:
		return is_constant(v, s->name);
	case ESPY_COL_syscall:
		return get_syscall(b, row, scratch, v);
	case ESPY_COL_result:
		*v = (struct espy_value){.is_signed = true, .num = (uint64_t)b->result[row]};
		return !(b->flags[row] & ESPY_F_PENDING);
	case ESPY_COL_error:
		return is_constant(v, error_of(b, row));
	case ESPY_COL_tid:
		return is_number(v, b->tid[row]);
	case ESPY_COL_cpu:
		return is_number(v, b->cpu[row]);
	case ESPY_COL_cpu_seq:
		return is_number(v, b->cpu_seq[row]);
	case ESPY_COL_path:
		return is_stored(v, b, b->path[row]);
	case ESPY_COL_source:
		return is_constant(v, espy_source_name(b->path_source[row]));
	case ESPY_COL_pending:
		return is_number(v, !!(b->flags[row] & ESPY_F_PENDING));
	case ESPY_COL_deleted:
		return is_number(v, !!(b->flags[row] & ESPY_F_DELETED));
	case ESPY_COL_truncated:
		return is_number(v, !!(b->flags[row] & ESPY_F_TRUNCATED));
	case ESPY_COL_detail:
		return get_detail(b, row, scratch, v);
	case ESPY_COL_category:
		return get_category(b, row, v);
	case ESPY_COL_status:
		return is_number(v, b->status[row]) && b->status[row];
	case ESPY_COL_stack:
		return is_stored(v, b, b->stack[row]);
	default:
		return false;
	}
}

/* --- values of processes that not every capture knows ------------------------------------------
 */

#define ANCESTRY_MAX 64u /* processes named */

/* From the oldest that is known: "init(1) > sshd(812) > bash(900)". */
static bool get_ancestry(const struct espy_batch *b, const struct espy_proc *p,
			 struct espy_buf *scratch, struct espy_value *v)
{
	const struct espy_proc *chain[ANCESTRY_MAX];
	size_t start = scratch->n;
	unsigned n = 0;

	for (; n < ANCESTRY_MAX; p = &b->procs[p->parent]) {
		chain[n++] = p;
		if (p->parent >= b->n_procs)
			break;
	}
	while (n > 0) {
		p = chain[--n];
		espy_buf_str(scratch, espy_dict_get(&b->dict, p->name));
		espy_buf_putc(scratch, '(');
		espy_buf_u64(scratch, p->pid);
		espy_buf_puts(scratch, n ? ") > " : ")");
	}
	return is_made(v, scratch, start);
}

/* As Sysmon has them: "SHA1=…,MD5=…,SHA256=…", in capitals. */
static bool get_hashes(const struct espy_batch *b, const struct espy_proc *p,
		       struct espy_buf *scratch, struct espy_value *v)
{
	static const struct {
		const char *column, *name;
	} all[] = {{"sha1", "SHA1="}, {"md5", "MD5="}, {"sha256", "SHA256="}};
	size_t start = scratch->n;

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		struct espy_str hex = espy_proc_more(b, p, all[i].column);

		if (!hex.n)
			continue;
		if (scratch->n > start)
			espy_buf_putc(scratch, ',');
		espy_buf_puts(scratch, all[i].name);
		for (size_t k = 0; k < hex.n; k++)
			espy_buf_putc(scratch, hex.p[k] >= 'a' && hex.p[k] <= 'f'
						       ? (char)(hex.p[k] - 'a' + 'A')
						       : hex.p[k]);
	}
	return is_made(v, scratch, start);
}

static bool get_number(struct espy_value *v, struct espy_str text, bool is_signed)
{
	bool is_negative = is_signed && text.n > 1 && text.p[0] == '-';
	uint64_t num = 0;

	for (size_t i = is_negative; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return false;
		num = num * 10 + (uint64_t)(text.p[i] - '0');
	}
	*v = (struct espy_value){.is_signed = is_signed, .num = is_negative ? 0 - num : num};
	return text.n > 0;
}

static bool get_more(unsigned id, const struct espy_batch *b, const struct espy_proc *p,
		     struct espy_buf *scratch, struct espy_value *v)
{
	struct espy_str text;

	if (id == ESPY_COL_ancestry)
		return get_ancestry(b, p, scratch, v);
	if (id == ESPY_COL_hashes)
		return get_hashes(b, p, scratch, v);
	text = espy_proc_more(b, p, common[id].name);
	if (common[id].type != ESPY_TYPE_STR)
		return get_number(v, text, common[id].type == ESPY_TYPE_INT);
	if (!text.n && id == ESPY_COL_euser && p->euid == p->uid)
		return is_stored(v, b, p->user);
	if (!text.n && id == ESPY_COL_egroup && p->egid == p->gid)
		text = espy_proc_more(b, p, "group_name");
	return is_text(v, UINT32_MAX, text);
}

static bool get_process(unsigned id, const struct espy_batch *b, uint32_t row,
			struct espy_buf *scratch, struct espy_value *v)
{
	const struct espy_proc *p = proc_of(b, row);

	switch (id) {
	case ESPY_COL_pid:
		return is_number(v, p->pid);
	case ESPY_COL_ppid:
		return is_number(v, p->ppid);
	case ESPY_COL_start:
		return is_number(v, p->start) && p->start;
	case ESPY_COL_process:
		return is_stored(v, b, p->name);
	case ESPY_COL_parent:
		return get_parent(b, row, v);
	case ESPY_COL_exe:
		return is_stored(v, b, p->exe);
	case ESPY_COL_cmdline:
		return is_stored(v, b, p->cmdline);
	case ESPY_COL_uid:
		return is_number(v, p->uid);
	case ESPY_COL_gid:
		return is_number(v, p->gid);
	case ESPY_COL_euid:
		return is_number(v, p->euid);
	case ESPY_COL_egid:
		return is_number(v, p->egid);
	case ESPY_COL_user:
		return is_stored(v, b, p->user);
	case ESPY_COL_session:
		return is_number(v, p->sid);
	case ESPY_COL_login_uid:
		return is_number(v, p->login_uid);
	case ESPY_COL_tty:
		return is_stored(v, b, p->tty);
	case ESPY_COL_cgroup:
		return is_number(v, p->cgroup) && p->cgroup;
	default:
		return get_more(id, b, p, scratch, v);
	}
}

static bool is_of_process(unsigned id)
{
	return (id >= ESPY_COL_ppid && id <= ESPY_COL_cgroup) || id == ESPY_COL_pid ||
	       (id >= ESPY_COL_company && id <= ESPY_COL_package);
}

bool espy_column_get(const struct espy_column *c, const struct espy_batch *b, uint32_t row,
		     struct espy_buf *scratch, struct espy_value *ret)
{
	int field;

	if (is_of_process(c->id))
		return proc_of(b, row) != &nobody && get_process(c->id, b, row, scratch, ret);
	if (c->id < ESPY_COL__FIELDS)
		return get_event(c->id, b, row, scratch, ret);
	field = espy_column_field(c, b->group[b->type[row]]->schema);
	if (field < 0 || !espy_batch_knows(b, row, (unsigned)field))
		return false;
	*ret = espy_batch_get(b, row, (unsigned)field);
	return !ret->is_string || ret->str.n > 0;
}

unsigned espy_column_fmt(const struct espy_column *c, const struct espy_batch *b, uint32_t row)
{
	const struct espy_schema *s;
	int field;

	if (c->id == ESPY_COL_result)
		return result_fmt(b, row);
	if (c->id < ESPY_COL__FIELDS)
		return c->fmt;
	s = b->group[b->type[row]]->schema;
	field = espy_column_field(c, s);
	return field < 0 ? c->fmt : s->fields[field].fmt;
}

/* --- values as text --------------------------------------------------------------------------- */

/* Arguments, each ended by a NUL; the last one may have lost its end. Without any NUL it is a
 * command line as Windows keeps it, which has quotes of its own. */
static void add_words(struct espy_buf *out, struct espy_str s)
{
	bool is_first = true;

	if (!memchr(s.p, 0, s.n)) {
		espy_escape_windows(out, s);
		return;
	}
	while (s.n) {
		const char *end = memchr(s.p, 0, s.n);
		size_t n = end ? (size_t)(end - s.p) : s.n;

		if (!is_first)
			espy_buf_putc(out, ' ');
		is_first = false;
		espy_escape_shell(out, (struct espy_str){s.p, n});
		n += end != NULL;
		s = (struct espy_str){s.p + n, s.n - n};
	}
}

void espy_column_text(struct espy_buf *out, unsigned fmt, struct espy_str s)
{
	if (fmt == ESPY_FMT_ARGV)
		add_words(out, s);
	else
		espy_buf_str(out, s);
}

static bool says_nothing(const struct espy_field *f, const struct espy_value *v)
{
	bool is_narrow = f->kind == ESPY_KIND_u32 || f->kind == ESPY_KIND_s32;

	return v->is_string ? v->str.n == 0
			    : espy_value_says_nothing(f->fmt, v->is_signed, is_narrow, v->num);
}

static void add_field_text(struct espy_buf *out, const struct espy_batch *b,
			   const struct espy_field *f, const struct espy_value *v)
{
	espy_buf_puts(out, f->name);
	espy_buf_add(out, ": ", 2);
	if (!v->is_string)
		espy_value_num(out, f->fmt, v->is_signed, v->num, b->wall_offset);
	else if (f->fmt == ESPY_FMT_ARGV)
		add_words(out, v->str);
	else
		espy_escape_text(out, v->str);
}

static void add_detail(struct espy_buf *out, const struct espy_batch *b, uint32_t row,
		       uint64_t which, size_t start)
{
	const struct espy_schema *s = b->group[b->type[row]]->schema;

	for (; which; which &= which - 1) {
		unsigned i = (unsigned)__builtin_ctzll(which);
		struct espy_value v = espy_batch_get(b, row, i);

		if (says_nothing(&s->fields[i], &v) || !espy_batch_knows(b, row, i))
			continue;
		if (out->n > start)
			espy_buf_add(out, ", ", 2);
		add_field_text(out, b, &s->fields[i], &v);
	}
}

/* The command line comes first: it is what people look for. */
void espy_column_detail(struct espy_buf *out, const struct espy_batch *b, uint32_t row)
{
	size_t place = (size_t)(b->group[b->type[row]]->schema - espy_schemas), start = out->n;

	if (b->detail[row] || b->abi[row] == ESPY_ABI_PROCMON) { /* worded, be it by nothing */
		espy_escape_windows(out, espy_dict_get(&b->dict, b->detail[row]));
		return;
	}
	pthread_once(&fields.once, build);
	add_detail(out, b, row, fields.words[place], start);
	add_detail(out, b, row, fields.in_detail[place], start);
}
