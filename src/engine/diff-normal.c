/* SPDX-License-Identifier: MIT */
#include "engine/diff-normal.h"
#include "base/escape.h"
#include "engine/table.h"

#define EPHEMERAL_FIRST 32768ul /* net.ipv4.ip_local_port_range, as kernels come */
#define DIGITS_COUNTED  4u      /* a number of so many digits is a counter, a pid, a date */
#define RANDOM_MIN      6u      /* letters of mkstemp(3) */
#define CHANGES_MIN     3u      /* from letters to digits or capitals, in a random name */
#define HEX_MIN         12u     /* digits of a hash */

#define TEXT(lit)                      \
	{                              \
		(lit), sizeof(lit) - 1 \
	} /* in a constant */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool is_word(char c)
{
	return is_digit(c) || is_upper(c) || (c >= 'a' && c <= 'z');
}

static size_t digits_at(struct espy_str s, size_t at)
{
	size_t n = 0;

	while (at + n < s.n && is_digit(s.p[at + n]))
		n++;
	return n;
}

/* --- steady -------------------------------------------------------------------------------------
 */

/* Directories whose entries are numbers that the kernel gives out. */
static const struct numbered {
	struct espy_str parent, name;
	bool in_proc; /* any directory of /proc that ends so */
} numbered[] = {
	{TEXT("/proc"), TEXT("PID"), false},  {TEXT("/task"), TEXT("TID"), true},
	{TEXT("/fd"), TEXT("FD"), true},      {TEXT("/fdinfo"), TEXT("FD"), true},
	{TEXT("/dev/pts"), TEXT("N"), false}, {TEXT("/run/user"), TEXT("UID"), false},
};

/* What a number after this much of a path is called; NULL when it is a name like any other. */
static const struct espy_str *name_of_number(struct espy_str before)
{
	for (size_t i = 0; i < sizeof(numbered) / sizeof(numbered[0]); i++) {
		const struct numbered *n = &numbered[i];

		if (n->in_proc ? espy_str_starts(before, ESPY_STR("/proc/")) &&
					 espy_str_ends(before, n->parent)
			       : espy_str_eq(before, n->parent))
			return &n->name;
	}
	return NULL;
}

/* "pipe:[4711]" */
static size_t kind_of_pseudo(struct espy_str path)
{
	const char *open = path.n && path.p[path.n - 1] == ']' && path.p[0] != '/'
				   ? memmem(path.p, path.n, ":[", 2)
				   : NULL;

	if (!open || !is_digit(open[2]))
		return 0;
	return (size_t)(open - path.p);
}

void espy_diff_normal_path(struct espy_buf *out, struct espy_str path)
{
	size_t kind = kind_of_pseudo(path), n;

	if (kind) {
		espy_buf_add(out, path.p, kind);
		return;
	}
	if (espy_str_ends(path, ESPY_STR(" (deleted)")))
		path.n -= sizeof(" (deleted)") - 1;
	for (size_t at = 0; at < path.n;) {
		const struct espy_str *name = NULL;

		espy_buf_putc(out, path.p[at++]);
		n = path.p[at - 1] == '/' ? digits_at(path, at) : 0;
		if (n && (at + n == path.n || path.p[at + n] == '/'))
			name = name_of_number((struct espy_str){path.p, at - 1});
		if (!name)
			continue;
		espy_buf_str(out, *name);
		at += n;
	}
}

void espy_diff_normal_endpoint(struct espy_buf *out, struct espy_str s)
{
	size_t at = s.n;
	unsigned long port = 0;

	while (at && is_digit(s.p[at - 1]))
		at--;
	for (size_t i = at; i < s.n && port <= UINT16_MAX; i++)
		port = port * 10 + (unsigned long)(s.p[i] - '0');
	if (at > 1 && at < s.n && s.p[at - 1] == ':' && s.p[0] != '/' &&
	    (port >= EPHEMERAL_FIRST || port == 0)) {
		espy_buf_add(out, s.p, at);
		espy_buf_putc(out, '*');
		return;
	}
	espy_diff_normal_path(out, s);
}

void espy_diff_normal_command(struct espy_buf *out, struct espy_str program, struct espy_str argv)
{
	struct espy_buf words = {0};
	size_t at = 0;

	espy_buf_str(&words, program);
	espy_buf_putc(&words, '\0');
	for (bool is_first = true; at < argv.n; is_first = false) {
		const char *end = memchr(argv.p + at, '\0', argv.n - at);
		size_t n = end ? (size_t)(end - argv.p) - at : argv.n - at;

		if (!is_first) {
			espy_diff_normal_path(&words, (struct espy_str){argv.p + at, n});
			espy_buf_putc(&words, '\0');
		}
		at += n + 1;
	}
	espy_table_argv(out, (struct espy_str){words.p, words.n});
	if (words.error)
		out->error = words.error;
	espy_buf_done(&words);
}

/* --- loose --------------------------------------------------------------------------------------
 */

static bool is_hex(struct espy_str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_digit(s.p[i]) && !(s.p[i] >= 'a' && s.p[i] <= 'f'))
			return false;
	return true;
}

/* How often letters, capitals and digits change places; a name changes at its words only. */
static unsigned changes(struct espy_str s)
{
	unsigned n = 0;

	for (size_t i = 1; i < s.n; i++)
		n += is_digit(s.p[i]) != is_digit(s.p[i - 1]) ||
		     (is_upper(s.p[i]) && !is_upper(s.p[i - 1]));
	return n;
}

/* Letters and digits, or small ones and capitals within: what a name made at random always has. */
static bool is_mixed(struct espy_str s)
{
	unsigned digits = 0, capitals = 0, small = 0;

	for (size_t i = 0; i < s.n; i++) {
		digits += is_digit(s.p[i]);
		capitals += is_upper(s.p[i]) && i > 0;
		small += !is_digit(s.p[i]) && !is_upper(s.p[i]);
	}
	return (digits && digits < s.n) || (capitals && small);
}

/* Heads that are followed by a random part, which may be of small letters only. */
static size_t known_head(struct espy_str word)
{
	static const struct {
		struct espy_str head;
		size_t tail;
	} heads[] = {
		{TEXT("cc"), 6}, /* gcc */
		{TEXT("tmp"), 6},
		{TEXT("sed"), 6},
	};

	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
		if (espy_str_starts(word, heads[i].head) &&
		    word.n == heads[i].head.n + heads[i].tail)
			return heads[i].head.n;
	return 0;
}

static bool has(struct espy_str s, const char *what)
{
	return s.n && memmem(s.p, s.n, what, strlen(what));
}

/* Is the word at `at` part of a name that programs give to what they throw away? */
static bool is_temporary(struct espy_str s, size_t at)
{
	static const char *const folders[] = {"/tmp/", "/dev/shm/", "/run/"};
	size_t name = at, path;
	struct espy_str before;

	while (name && s.p[name - 1] != '/' && s.p[name - 1] != ' ')
		name--;
	for (path = name; path && s.p[path - 1] != ' ';)
		path--;
	before = (struct espy_str){s.p + path, name - path};
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		if (has(before, folders[i]))
			return true;
	before = (struct espy_str){s.p + name, at - name};
	return has(before, "tmp") || has(before, "temp") || espy_str_starts(before, ESPY_STR("."));
}

/* Of a lasting name more is asked: libX11 and libGLESv2 are no random names. */
static bool looks_random(struct espy_str word, bool is_temporary)
{
	if (word.n >= HEX_MIN && is_hex(word) && is_mixed(word))
		return true;
	if (word.n < RANDOM_MIN)
		return false;
	return is_temporary ? is_mixed(word) : changes(word) >= CHANGES_MIN;
}

/* A run of letters and digits. */
static void put_word(struct espy_buf *out, struct espy_str word, bool is_temporary)
{
	size_t n;

	if (known_head(word)) {
		espy_buf_add(out, word.p, known_head(word));
		espy_buf_putc(out, '*');
		return;
	}
	if (looks_random(word, is_temporary)) {
		espy_buf_putc(out, '*');
		return;
	}
	for (size_t at = 0; at < word.n; at += n) {
		n = digits_at(word, at);
		if (n >= DIGITS_COUNTED)
			espy_buf_putc(out, '*');
		else
			espy_buf_add(out, word.p + at, n ? n : 1);
		n = n ? n : 1;
	}
}

/*
 * Length of a name of Python's tempfile: eight small letters, digits and underscores, behind "tmp"
 * or, of the file that tries whether the folder can be written to, right in /tmp.
 */
static size_t tempfile_at(struct espy_str s, size_t at)
{
	struct espy_str rest = {s.p + at, s.n - at};
	size_t head = espy_str_starts(rest, ESPY_STR("tmp")) ? 3 : 0, n = head;

	if (!head && !espy_str_ends((struct espy_str){s.p, at}, ESPY_STR("/tmp/")))
		return 0;
	while (n < rest.n && (rest.p[n] == '_' || (is_word(rest.p[n]) && !is_upper(rest.p[n]))))
		n++;
	return n == head + 8 && (head || n == rest.n) ? n : 0;
}

/* The rest of a date or time: "-11-21" after a year, ":47:22" after an hour. */
static size_t date_at(struct espy_str s, size_t at, char mark)
{
	size_t n = 0;

	while (at + n + 2 < s.n && s.p[at + n] == mark && digits_at(s, at + n + 1) == 2)
		n += 3;
	return n;
}

void espy_diff_normal_loose(struct espy_buf *out, struct espy_str s)
{
	for (size_t at = 0, n; at < s.n; at += n) {
		n = tempfile_at(s, at);
		if (n) {
			espy_buf_puts(out, n > 8 ? "tmp*" : "*");
			continue;
		}
		for (n = 0; at + n < s.n && is_word(s.p[at + n]);)
			n++;
		if (n == 0) {
			espy_buf_putc(out, s.p[at]);
			n = 1;
			continue;
		}
		if (n == 2 && digits_at(s, at) == n && date_at(s, at + n, ':') == 6) {
			espy_buf_putc(out, '*');
			n += 6;
			continue;
		}
		put_word(out, (struct espy_str){s.p + at, n}, is_temporary(s, at));
		if (n == 4 && digits_at(s, at) == n)
			n += date_at(s, at + n, '-');
	}
}
