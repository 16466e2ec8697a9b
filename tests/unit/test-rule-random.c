/* SPDX-License-Identifier: MIT */
/*
 * Random filters over random batches: the result over columns is the same as that of a plain
 * evaluator which looks at one row after the other, and what the filter says it needs excludes no
 * row that it matches. SEED=n in the environment repeats one run.
 */
#include "test-rule.h"
#include <ctype.h>
#include <fnmatch.h>
#include <regex.h>
#include "model/column.h"

#define RUNS_DEFAULT 400
#define FILTERS      24 /* for each batch */
#define DEPTH_MAX    4
#define CHILDREN_MAX 4
#define VALUES_MAX   12

static uint64_t seed;

static uint32_t rnd(uint32_t n)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)((seed >> 33) % n);
}

/* --- random batches -----------------------------------------------------------------------------
 */

static const char *const texts[] = {"",
				    "/etc/passwd",
				    "/etc/Shadow",
				    "/usr/lib/libc.so.6",
				    "/usr/lib/x.so",
				    "cc",
				    "make",
				    "tcp",
				    "/",
				    "a/b",
				    "/tmp/\xff\x80x",
				    "pipe:[17]",
				    "10.0.0.1:80",
				    "[::1]:443",
				    "/run/s.sock",
				    "libc"};
#define TEXTS (sizeof(texts) / sizeof(texts[0]))

static const uint64_t numbers[] = {0,
				   1,
				   2,
				   3,
				   7,
				   64,
				   100,
				   577,
				   4096,
				   65535,
				   0xffff,
				   0x80000000,
				   1u << 19,
				   UINT32_MAX,
				   UINT64_MAX,
				   (uint64_t)INT64_MIN,
				   (uint64_t)-2,
				   (uint64_t)-13};
#define NUMBERS (sizeof(numbers) / sizeof(numbers[0]))

static uint32_t random_text(struct espy_batch *b)
{
	return espy_dict_add(&b->dict, espy_str0(texts[rnd(TEXTS)]));
}

/* What only some captures know of a process: the columns from company on. */
static uint32_t random_more(struct espy_batch *b)
{
	struct espy_buf more = {0};
	uint32_t id;

	for (unsigned c = ESPY_COL_company; c <= ESPY_COL_package; c++) {
		const struct espy_column *column = espy_column_at(c);

		if (rnd(4) == 0)
			continue;
		espy_buf_puts(&more, column->name);
		espy_buf_putc(&more, '\0');
		if (column->type == ESPY_TYPE_STR)
			espy_buf_str(&more, espy_dict_get(&b->dict, random_text(b)));
		else
			espy_buf_u64(&more, rnd(4) * 1000);
		espy_buf_putc(&more, '\0');
	}
	id = espy_dict_add(&b->dict, (struct espy_str){more.p, more.n});
	espy_buf_done(&more);
	return id;
}

static void random_procs(struct espy_batch *b)
{
	uint32_t n = rnd(12);

	for (uint32_t i = 0; i < n; i++) {
		struct espy_proc p = {
			.start = rnd(3) * SEC,
			.pid = rnd(6) * 100,
			.ppid = rnd(6) * 100,
			.parent = rnd(3) ? rnd(n + 1) : UINT32_MAX,
			.uid = rnd(4) * 1000,
			.gid = rnd(2),
			.euid = rnd(2),
			.sid = rnd(4),
			.cgroup = rnd(3),
			.login_uid = rnd(2) ? UINT32_MAX : 1000,
			.name = random_text(b),
			.exe = random_text(b),
			.cmdline = random_text(b),
			.user = random_text(b),
			.tty = random_text(b),
			.more = random_more(b),
		};

		espy_batch_add_proc(b, &p);
	}
}

static void random_fields(struct espy_batch *b, uint32_t row)
{
	const struct espy_schema *s = espy_schema_get(b->type[row]);

	for (unsigned f = 0; f < s->n_fields; f++) {
		uint64_t v = numbers[rnd(NUMBERS)];

		if (espy_kind_is_string(s->fields[f].kind)) {
			espy_batch_set_str(b, row, f, espy_str0(texts[rnd(TEXTS)]));
			continue;
		}
		if (s->fields[f].kind == ESPY_KIND_u32)
			v = (uint32_t)v;
		if (s->fields[f].kind == ESPY_KIND_s32)
			v = (uint64_t)(int64_t)(int32_t)v;
		espy_batch_set_num(b, row, f, v);
	}
}

static void random_row(struct espy_batch *b, uint32_t types)
{
	const struct espy_schema *s;
	uint32_t row;

	do
		s = &espy_schemas[rnd((uint32_t)espy_n_schemas) % types];
	while (!espy_schema_is_shown(s));
	row = (uint32_t)espy_batch_add(b, s->type);
	random_fields(b, row);
	b->time[row] = SAMPLE_START + rnd(100) * SEC / 10;
	b->duration[row] = rnd(4) ? rnd(1000) * rnd(1000) : 0;
	b->result[row] = rnd(2) ? (int64_t)rnd(200) - 100 : (int64_t)numbers[rnd(NUMBERS)];
	b->proc[row] = rnd(b->n_procs + 2);
	b->tid[row] = rnd(500);
	b->cpu[row] = (uint16_t)rnd(4);
	b->cpu_seq[row] = rnd(1000);
	b->abi[row] = (uint8_t)rnd(ESPY_ABI__MAX);
	b->call[row] = (uint16_t)(rnd(10) ? rnd(340) : rnd(65536));
	b->flags[row] = (uint8_t)(rnd(4) ? 0 : rnd(8));
	b->path_source[row] = (uint8_t)rnd(ESPY_SOURCE__MAX);
}

static struct espy_batch *random_batch(void)
{
	uint32_t n = rnd(8) ? rnd(200) : rnd(3000), types = rnd(2) ? (uint32_t)espy_n_schemas : 14;
	struct espy_batch *b;

	assert_int_equal(espy_batch_new(&b), 0);
	b->first_seq = 1 + rnd(100);
	b->wall_offset = SAMPLE_WALL;
	for (uint32_t i = rnd(4) ? 0 : 3000; i > 0; i--) { /* strings that few rows use */
		char name[32];
		int len = snprintf(name, sizeof(name), "/usr/lib/%u", i);

		espy_dict_add(&b->dict, (struct espy_str){name, (size_t)len});
	}
	random_procs(b);
	for (uint32_t i = 0; i < n; i++)
		random_row(b, types);
	return b;
}

/* --- random filters -----------------------------------------------------------------------------
 */

enum relation {
	EQ,
	LT,
	LE,
	GT,
	GE,
	IN,
	HAS_BITS,
	ANY_BITS,
	STARTS,
	ENDS,
	CONTAINS,
	LIKE,
	MATCHES,
	PRESENT,
	DESCENDS,
	ANCESTOR,
	RELATIONS
};

static const char *const relation_texts[RELATIONS] = {
	"==", "<",          "<=",       ">",        ">=",   "in",     "has",
	"&",  "startswith", "endswith", "contains", "like", "matches"};

enum function { NO_FUNCTION, BASENAME, DIRNAME, EXT, LOWER, LEN, FUNCTIONS };
static const char *const function_texts[FUNCTIONS] = {"",    "basename", "dirname",
						      "ext", "lower",    "len"};

static const char *const needles[] = {"/etc", "so",  "/",     "lib", ".so",    "cc",
				      "S",    "s",   "10.0.", "x",   "passwd", "/usr/lib/x.so",
				      "\xff", "make"};
static const char *const globs[] = {"*.so*",  "/etc/*",     "*lib*", "?c",
				    "*[0-9]", "/*/[!a-s]*", "*s*d"};
static const char *const regexes[] = {"so$", "^/etc", "lib.*so", "[A-Z]", "^..$", "a|e", "s+h*"};
#define PICK(list) list[rnd(sizeof(list) / sizeof(list[0]))]

struct condition {
	enum { AND, OR, NOT, LEAF } kind;
	unsigned n;
	struct condition *child[CHILDREN_MAX];
	const struct espy_column *column;
	enum function function;
	enum relation relation;
	bool negate, fold;
	__int128 values[VALUES_MAX]; /* of numbers */
	const char *strings[VALUES_MAX];
	unsigned n_values;
};

static bool is_plain(unsigned fmt)
{
	switch (fmt) {
	case ESPY_FMT_OCT:
	case ESPY_FMT_MODE:
	case ESPY_FMT_NSEC:
	case ESPY_FMT_UID:
	case ESPY_FMT_DEV:
		return false; /* their constants are written in ways of their own */
	default:
		return true;
	}
}

/* Columns whose numbers are written as plain numbers in all events, and whose text is any text. */
static bool is_usable(const struct espy_column *c)
{
	switch (c->id) {
	case ESPY_COL_class:
	case ESPY_COL_op:
	case ESPY_COL_event:
	case ESPY_COL_syscall:
	case ESPY_COL_source:
	case ESPY_COL_error:
	case ESPY_COL_user:
		return true;
	}
	if (c->type == ESPY_TYPE_STR)
		return true;
	for (size_t i = 0; i < espy_n_schemas; i++) {
		int f = espy_schema_is_shown(&espy_schemas[i])
				? espy_column_field(c, &espy_schemas[i])
				: -1;

		if (f >= 0 && !is_plain(espy_schemas[i].fields[f].fmt))
			return false;
	}
	return c->id >= ESPY_COL__FIELDS || is_plain(c->fmt) || c->fmt == ESPY_FMT_NSEC ||
	       c->fmt == ESPY_FMT_UID;
}

/* Text of which only certain words can be asked for with == and in. */
static bool is_checked(const struct espy_column *c)
{
	return c->id == ESPY_COL_class || c->id == ESPY_COL_op || c->id == ESPY_COL_event ||
	       c->id == ESPY_COL_syscall || c->id == ESPY_COL_source || c->id == ESPY_COL_error;
}

static void random_text_test(struct condition *c)
{
	static const enum relation relations[] = {EQ, IN, STARTS, ENDS, CONTAINS, LIKE, MATCHES};

	do
		c->relation = PICK(relations);
	while ((is_checked(c->column) && c->relation <= IN) ||
	       (c->column->fmt == ESPY_FMT_ADDR && c->relation <= IN));
	c->fold = rnd(4) == 0;
	c->n_values = c->relation == IN ? 1 + rnd(VALUES_MAX) : 1;
	for (unsigned i = 0; i < c->n_values; i++)
		c->strings[i] = c->relation == LIKE      ? PICK(globs)
				: c->relation == MATCHES ? PICK(regexes)
				: rnd(2)                 ? texts[1 + rnd(TEXTS - 1)]
							 : PICK(needles);
}

static bool is_bits(unsigned fmt)
{
	switch (fmt) {
#define BITS(set, type) case ESPY_FMT_FLAGS_##set:
#define VALUES(set, type)
#define NAME(...)
#define SET_END(set)
#include "model/flags.def"
		return true;
	default:
		return false;
	}
}

/* Is it a set of flags in some event? */
static bool has_flags(const struct espy_column *c)
{
	for (size_t i = 0; i < espy_n_schemas; i++) {
		int f = espy_schema_field(&espy_schemas[i], espy_str0(c->name));

		if (f >= 0 && is_bits(espy_schemas[i].fields[f].fmt))
			return true;
	}
	return false;
}

static void random_number_test(struct condition *c)
{
	static const enum relation ordered[] = {EQ, LT, LE, GT, GE, IN};
	bool bits = has_flags(c->column);

	if (c->function == LEN)
		c->relation = PICK(ordered);
	else if (bits)
		c->relation = rnd(2) ? EQ : rnd(2) ? HAS_BITS : ANY_BITS;
	else
		c->relation = PICK(ordered);
	c->negate &= c->relation != ANY_BITS;
	c->n_values = c->relation == IN ? 1 + rnd(VALUES_MAX) : 1;
	for (unsigned i = 0; i < c->n_values; i++) {
		uint64_t v = rnd(2) ? numbers[rnd(NUMBERS)] : rnd(700);

		c->values[i] =
			c->column->type == ESPY_TYPE_INT ? (__int128)(int64_t)v : (__int128)v;
		if (c->column->fmt == ESPY_FMT_NSEC && v > UINT32_MAX)
			c->values[i] = 1000;
		if (c->relation >= HAS_BITS && c->values[i] == 0)
			c->values[i] = 1;
	}
}

static struct condition *random_leaf(void)
{
	struct condition *c = calloc(1, sizeof(*c));
	unsigned n = 0;

	assert_non_null(c);
	c->kind = LEAF;
	if (rnd(12) == 0) {
		c->relation = rnd(2) ? DESCENDS : ANCESTOR;
		c->values[0] = rnd(6) * 100;
		c->strings[0] = rnd(2) ? "cc" : NULL;
		return c;
	}
	while (espy_column_at(n))
		n++;
	do
		c->column = espy_column_at(rnd(2) ? rnd(n) : rnd(ESPY_COL__FIELDS));
	while (!is_usable(c->column));
	if (rnd(10) == 0) {
		c->relation = PRESENT;
		return c;
	}
	c->negate = rnd(4) == 0;
	if (c->column->type == ESPY_TYPE_STR && rnd(4) == 0)
		c->function = 1 + rnd(FUNCTIONS - 1);
	if (c->column->type == ESPY_TYPE_STR && c->function != LEN)
		random_text_test(c);
	else
		random_number_test(c);
	return c;
}

static struct condition *random_condition(unsigned depth)
{
	struct condition *c;

	if (depth == 0 || rnd(3) == 0)
		return random_leaf();
	c = calloc(1, sizeof(*c));
	assert_non_null(c);
	c->kind = rnd(5) == 0 ? NOT : rnd(2) ? AND : OR;
	c->n = c->kind == NOT ? 1 : 2 + rnd(CHILDREN_MAX - 1);
	for (unsigned i = 0; i < c->n; i++)
		c->child[i] = random_condition(depth - 1);
	return c;
}

static void free_condition(struct condition *c)
{
	for (unsigned i = 0; i < c->n; i++)
		free_condition(c->child[i]);
	free(c);
}

/* --- as text ------------------------------------------------------------------------------------
 */

static void put_string(struct espy_buf *b, const char *s)
{
	espy_buf_putc(b, '"');
	for (; *s; s++) {
		if ((unsigned char)*s >= 0x80)
			espy_buf_printf(b, "\\x%02x", (unsigned char)*s);
		else
			espy_buf_putc(b, *s);
	}
	espy_buf_putc(b, '"');
}

static void put_number(struct espy_buf *b, const struct condition *c, __int128 v)
{
	if (v < 0)
		espy_buf_s64(b, (int64_t)v);
	else if (rnd(2))
		espy_buf_u64(b, (uint64_t)v);
	else
		espy_buf_hex(b, (uint64_t)v);
	(void)c;
}

static void put_value(struct espy_buf *b, const struct condition *c, unsigned i)
{
	if (c->strings[i])
		put_string(b, c->strings[i]);
	else if (c->column->fmt == ESPY_FMT_NSEC && c->function != LEN)
		espy_buf_printf(b, "%lluns", (unsigned long long)c->values[i]);
	else
		put_number(b, c, c->values[i]);
}

static void put_leaf(struct espy_buf *b, const struct condition *c)
{
	if (c->relation == DESCENDS || c->relation == ANCESTOR) {
		espy_buf_printf(b, "%s(%d", c->relation == DESCENDS ? "descends" : "ancestor",
				(int)c->values[0]);
		if (c->strings[0])
			espy_buf_printf(b, ", %s", c->strings[0]);
		espy_buf_putc(b, ')');
		return;
	}
	if (c->relation == PRESENT) {
		espy_buf_printf(b, "has %s", c->column->name);
		return;
	}
	espy_buf_printf(b, c->function ? "%s(%s) " : "%s%s ", function_texts[c->function],
			c->column->name);
	if (c->negate)
		espy_buf_puts(b, "not ");
	if (c->relation == EQ) {
		espy_buf_puts(b, c->fold ? "iis " : "is ");
	} else {
		const char *text = relation_texts[c->relation];

		if (c->negate && !isalpha((unsigned char)text[0])) {
			/* `not <` is not in the language: the opposite relation is. */
			static const char *const opposite[] = {
				[LT] = ">=", [LE] = ">", [GT] = "<=", [GE] = "<"};

			b->n -= strlen("not ");
			text = opposite[c->relation];
		}
		espy_buf_printf(b, "%s%s ", c->fold ? "i" : "", text);
	}
	if (c->relation == IN)
		espy_buf_putc(b, '(');
	for (unsigned i = 0; i < c->n_values; i++) {
		if (i > 0)
			espy_buf_puts(b, ", ");
		put_value(b, c, i);
	}
	if (c->relation == IN)
		espy_buf_putc(b, ')');
}

static void put_condition(struct espy_buf *b, const struct condition *c)
{
	if (c->kind == LEAF) {
		put_leaf(b, c);
		return;
	}
	if (c->kind == NOT)
		espy_buf_puts(b, rnd(2) ? "not " : "!");
	espy_buf_putc(b, '(');
	for (unsigned i = 0; i < c->n; i++) {
		if (i > 0)
			espy_buf_puts(b, c->kind == AND ? " and " : " or ");
		put_condition(b, c->child[i]);
	}
	espy_buf_putc(b, ')');
}

/* --- the plain evaluator ------------------------------------------------------------------------
 */

static struct espy_buf scratch;

/* Both as texts that end with a NUL: none of the texts here has one inside. */
static bool text_is(const struct condition *c, const char *s, const char *v)
{
	size_t n = strlen(s), k = strlen(v);
	regex_t re;
	bool is;

	switch (c->relation) {
	case EQ:
	case IN:
		return c->fold ? strcasecmp(s, v) == 0 : strcmp(s, v) == 0;
	case STARTS:
		return n >= k && (c->fold ? strncasecmp(s, v, k) : strncmp(s, v, k)) == 0;
	case ENDS:
		return n >= k && (c->fold ? strcasecmp(s + n - k, v) : strcmp(s + n - k, v)) == 0;
	case CONTAINS:
		return c->fold ? strcasestr(s, v) != NULL : strstr(s, v) != NULL;
	case LIKE:
		return fnmatch(v, s, c->fold ? FNM_CASEFOLD : 0) == 0;
	default:
		assert_int_equal(
			regcomp(&re, v, REG_EXTENDED | REG_NOSUB | (c->fold ? REG_ICASE : 0)), 0);
		is = regexec(&re, s, 0, NULL, 0) == 0;
		regfree(&re);
		return is;
	}
}

static bool number_is(enum relation r, __int128 x, uint64_t bits, __int128 v)
{
	switch (r) {
	case LT:
		return x < v;
	case LE:
		return x <= v;
	case GT:
		return x > v;
	case GE:
		return x >= v;
	case HAS_BITS:
		return (bits & (uint64_t)v) == (uint64_t)v;
	case ANY_BITS:
		return (bits & (uint64_t)v) != 0;
	default:
		return x == v;
	}
}

static const char *apply(enum function f, char *s)
{
	char *slash = strrchr(s, '/'), *base = slash ? slash + 1 : s, *dot = strrchr(base, '.');

	switch (f) {
	case BASENAME:
		return base;
	case DIRNAME:
		if (!slash)
			return "";
		if (slash == s)
			return "/";
		*slash = '\0';
		return s;
	case EXT:
		return dot && dot > base ? dot + 1 : "";
	case LOWER:
		for (char *p = s; *p; p++)
			*p = (char)(isascii(*p) ? tolower(*p) : *p);
		return s;
	default:
		return s;
	}
}

/* Numbers with names of which the kernel looks at 32 bits only. */
static bool is_narrow(unsigned fmt)
{
	switch (fmt) {
#define BITS(set, type)            \
	case ESPY_FMT_FLAGS_##set: \
		return sizeof(type) == 4;
#define VALUES(set, type)         \
	case ESPY_FMT_ENUM_##set: \
		return sizeof(type) == 4;
#define NAME(...)
#define SET_END(set)
#include "model/flags.def"
	default:
		return false;
	}
}

static bool value_is(const struct condition *c, const struct espy_batch *b, uint32_t row,
		     const struct espy_value *v)
{
	unsigned fmt = espy_column_fmt(c->column, b, row);
	uint64_t bits = v->num;
	char text[4096];
	struct espy_buf shown = {0};
	__int128 x;

	if (v->is_string) {
		espy_column_text(&shown, fmt, v->str);
		assert_true(shown.n < sizeof(text) && !memchr(shown.p, 0, shown.n));
		memcpy(text, shown.p, shown.n);
		text[shown.n] = '\0';
		espy_buf_done(&shown);
		bits = strlen(text);
	}
	if (v->is_string && c->function != LEN) {
		const char *s = apply(c->function, text);

		for (unsigned i = 0; i < c->n_values; i++)
			if (text_is(c, s, c->strings[i]))
				return true;
		return false;
	}
	if (is_narrow(fmt))
		bits = (uint32_t)bits;
	x = v->is_signed && !v->is_string ? (__int128)(int64_t)bits : (__int128)bits;
	for (unsigned i = 0; i < c->n_values; i++)
		if (number_is(c->relation, x, bits, c->values[i]))
			return true;
	return false;
}

static bool proc_is(const struct condition *c, const struct espy_batch *b, uint32_t i)
{
	const struct espy_proc *p = &b->procs[i];

	return p->pid == (uint32_t)c->values[0] ||
	       (c->strings[0] &&
		espy_str_eq(espy_dict_get(&b->dict, p->name), espy_str0(c->strings[0])));
}

static bool descends(const struct condition *c, const struct espy_batch *b, uint32_t i)
{
	for (uint32_t steps = 0; steps <= b->n_procs && i < b->n_procs; steps++) {
		if (proc_is(c, b, i))
			return true;
		i = b->procs[i].parent;
	}
	return false;
}

static bool is_ancestor(const struct condition *c, const struct espy_batch *b, uint32_t who)
{
	for (uint32_t start = 0; start < b->n_procs; start++) {
		uint32_t i = start;

		for (uint32_t steps = 0;
		     proc_is(c, b, start) && steps <= b->n_procs && i < b->n_procs; steps++) {
			if (i == who)
				return true;
			i = b->procs[i].parent;
		}
	}
	return false;
}

static bool row_is(const struct condition *c, const struct espy_batch *b, uint32_t row)
{
	struct espy_value v;

	switch (c->kind) {
	case AND:
		for (unsigned i = 0; i < c->n; i++)
			if (!row_is(c->child[i], b, row))
				return false;
		return true;
	case OR:
		for (unsigned i = 0; i < c->n; i++)
			if (row_is(c->child[i], b, row))
				return true;
		return false;
	case NOT:
		return !row_is(c->child[0], b, row);
	default:
		break;
	}
	if (c->relation == DESCENDS)
		return b->proc[row] < b->n_procs && descends(c, b, b->proc[row]);
	if (c->relation == ANCESTOR)
		return b->proc[row] < b->n_procs && is_ancestor(c, b, b->proc[row]);
	espy_buf_reset(&scratch);
	if (!espy_column_get(c->column, b, row, &scratch, &v))
		return false;
	return c->relation == PRESENT || value_is(c, b, row, &v) != c->negate;
}

/* --- the comparison -----------------------------------------------------------------------------
 */

static bool lists(const uint32_t *ids, uint32_t n, uint32_t id)
{
	for (uint32_t i = 0; i < n; i++)
		if (ids[i] == id)
			return true;
	return n == 0;
}

static void check_needs(const struct espy_rule_needs *n, const struct espy_batch *b, uint32_t row,
			const char *text)
{
	static const struct espy_proc none = {0};
	const struct espy_proc *p = b->proc[row] < b->n_procs ? espy_batch_proc(b, row) : &none;

	if (!n->type[b->type[row]] || (n->failed_only && b->result[row] >= 0) ||
	    b->duration[row] < n->min_duration || !lists(n->pids, n->n_pids, p->pid) ||
	    !lists(n->uids, n->n_uids, p->uid) || !is_within(&n->exes, "exe", b, row, &scratch) ||
	    (n->path_bound[b->type[row]] && !is_within(&n->paths, "path", b, row, &scratch)))
		fail_msg("%s: row %u of %s matches, but is not needed", text, row,
			 espy_schema_get(b->type[row])->name);
}

static unsigned check_filter(const struct espy_batch *b, const char *text,
			     const struct condition *c)
{
	uint32_t words = ESPY_RULE_WORDS(b->n) + 1;
	uint64_t *bits = calloc(words, sizeof(*bits));
	struct espy_rule *r = rule_of(text);
	struct espy_rule_needs needs;
	int n, count = 0;

	assert_non_null(bits);
	espy_rule_needs(r, &needs);
	n = espy_rule_match(r, b, bits);
	for (uint32_t row = 0; row < b->n; row++) {
		bool is = row_is(c, b, row);

		if (is != espy_rule_bit(bits, row))
			fail_msg("%s: row %u of %u (%s): %d", text, row, b->n,
				 espy_schema_get(b->type[row])->name, !is);
		if (is)
			check_needs(&needs, b, row, text);
		count += is;
	}
	assert_int_equal(n, count);
	espy_rule_free(r);
	free(bits);
	return (unsigned)count;
}

static void check_run(uint64_t run, unsigned *some, unsigned *all)
{
	struct espy_batch *b;

	seed = run * 2654435761u + 1;
	b = random_batch();
	for (unsigned i = 0; i < FILTERS; i++) {
		struct condition *c = random_condition(DEPTH_MAX);
		struct espy_buf text = {0};
		unsigned n;

		put_condition(&text, c);
		espy_buf_putc(&text, '\0');
		n = check_filter(b, text.p, c);
		*some += n > 0;
		*all += n == b->n;
		espy_buf_done(&text);
		free_condition(c);
	}
	espy_batch_free(b);
}

static void columns_and_rows_agree(void **state)
{
	const char *one = getenv("SEED"), *many = getenv("RUNS");
	unsigned some = 0, all = 0, runs = many ? (unsigned)atoi(many) : RUNS_DEFAULT;

	(void)state;
	if (one) {
		check_run(strtoull(one, NULL, 10), &some, &all);
		return;
	}
	for (unsigned run = 0; run < runs; run++)
		check_run(run, &some, &all);
	/* A test of filters that match nothing, or everything, would prove nothing. */
	assert_true(some > runs * FILTERS / 3);
	assert_true(all < runs * FILTERS / 2);
	espy_buf_done(&scratch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_and_rows_agree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
