/* SPDX-License-Identifier: MIT */
#include "lib/espy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "base/arena.h"
#include "format/format.h"
#include "format/reader.h"
#include "model/value.h"
#include "rule/rule.h"

#define REFUSAL_MAX 4096

struct espy {
	struct espy_reader *reader;
	struct espy_rule *rule; /* NULL: the server filters */
	struct espy_batch *batch;
	uint64_t bits[ESPY_RULE_WORDS(ESPY_BATCH_ROWS)];
	uint32_t row; /* current; batch->n: none */
	int fd;       /* of a connection, -1 none; the reader's */
	struct espy_writer json;
	struct espy_buf text, scratch;
	struct espy_arena strings; /* handed out for the current event */
	struct espy_err err;
	char sentence[sizeof((struct espy_err){0}.text) + sizeof((struct espy_err){0}.source) + 2];
};

/* --- opening ---------------------------------------------------------------------------------- */

static bool is_socket(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISSOCK(st.st_mode);
}

static int send_request(int fd, const char *filter)
{
	struct espy_buf b = {0};
	int r;

	espy_buf_puts(&b, "espy ");
	for (const char *p = filter; *p; p++)
		espy_buf_putc(&b, *p == '\n' ? ' ' : *p);
	espy_buf_putc(&b, '\n');
	r = b.error;
	for (size_t at = 0; r == 0 && at < b.n;) {
		ssize_t n = send(fd, b.p + at, b.n - at, MSG_NOSIGNAL);

		if (n < 0 && errno != EINTR)
			r = -errno;
		at += n > 0 ? (size_t)n : 0;
	}
	espy_buf_done(&b);
	return r;
}

/* {"error":"…"} as it came: the sentence. */
static int take_refusal(int fd, const char *name, struct espy_err *err)
{
	static const char head[] = "{\"error\":\"";
	char line[REFUSAL_MAX], text[REFUSAL_MAX];
	ssize_t n = recv(fd, line, sizeof(line) - 1, MSG_WAITALL);
	size_t out = 0;

	line[n > 0 ? n : 0] = '\0';
	if (strncmp(line, head, sizeof(head) - 1) != 0)
		return espy_err_at(err, -EPROTO, name, 0, 0, "this does not answer as Espy does");
	for (const char *p = line + sizeof(head) - 1; *p && *p != '"'; p++) {
		if (*p == '\\' && p[1])
			p++;
		text[out++] = *p;
	}
	return espy_err_at(err, -EINVAL, name, 0, 0, "%.*s", (int)out, text);
}

static int dial(struct espy *e, const char *path, const char *filter)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	char first;
	int r, fd;

	if (strlen(path) >= sizeof(addr.sun_path))
		return espy_err_at(&e->err, -ENAMETOOLONG, path, 0, 0, "the path is too long");
	memcpy(addr.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	r = fd < 0 || connect(fd, (void *)&addr, sizeof(addr)) < 0 ? -errno : 0;
	if (r == 0)
		r = send_request(fd, filter);
	if (r < 0) {
		espy_err_at(&e->err, r, path, 0, 0, "cannot subscribe: %s", strerror(-r));
	} else if (recv(fd, &first, 1, MSG_PEEK) == 1 && first == '{') {
		r = take_refusal(fd, path, &e->err);
	} else {
		e->fd = fd;
		return espy_reader_open_fd(&e->reader, fd, path, espy_reader_formats[0], &e->err);
	}
	if (fd >= 0)
		close(fd);
	return r;
}

static int open_source(struct espy *e, const char *source, const char *filter)
{
	struct espy_writer_options o = {.utc = true};
	int r;

	r = espy_batch_new(&e->batch);
	if (r == 0 && is_socket(source))
		r = dial(e, source, filter);
	else if (r == 0)
		r = espy_reader_open(&e->reader, source, NULL, &e->err);
	if (r == 0 && e->fd < 0)
		r = espy_rule_new(&e->rule, filter, &e->err);
	if (r < 0)
		return r;
	o.machine = espy_reader_machine(e->reader);
	if (e->rule)
		espy_rule_set_start(e->rule, o.machine->started);
	r = espy_writer_init(&e->json, espy_format_find(ESPY_STR("json")), &o);
	return r < 0 ? r : e->json.format->begin(&e->json, &e->text);
}

/* What espy_error says from now on, when `r` is an error. */
static void put_sentence(struct espy *e, int r)
{
	if (r >= 0)
		return;
	if (!e->err.code)
		espy_err_set(&e->err, r, "%s", strerror(-r));
	snprintf(e->sentence, sizeof(e->sentence), "%s%s%s", e->err.source,
		 e->err.source[0] ? ": " : "", e->err.text);
}

struct espy *espy_open(const char *source, const char *filter)
{
	struct espy *e = calloc(1, sizeof(*e));
	int r;

	if (!e)
		return NULL;
	e->fd = -1;
	r = open_source(e, source, filter ? filter : "");
	put_sentence(e, r);
	return e;
}

void espy_close(struct espy *e)
{
	if (!e)
		return;
	espy_reader_close(e->reader);
	espy_rule_free(e->rule);
	espy_batch_free(e->batch);
	if (e->json.format)
		espy_writer_done(&e->json);
	espy_buf_done(&e->text);
	espy_arena_done(&e->strings);
	espy_buf_done(&e->scratch);
	free(e);
}

const char *espy_error(const struct espy *e)
{
	return e->err.code ? e->sentence : NULL;
}

int espy_fd(const struct espy *e)
{
	return e->fd;
}

/* --- going on --------------------------------------------------------------------------------- */

/* The next batch and which of its rows are wanted: 1, 0 at the end, negative. */
static int next_batch(struct espy *e)
{
	int r = espy_reader_next(e->reader, e->batch, &e->err);

	e->row = UINT32_MAX;
	if (r <= 0)
		return r;
	memset(e->bits, 0xff, sizeof(e->bits));
	r = e->rule ? espy_rule_match(e->rule, e->batch, e->bits) : 0;
	return r < 0 ? espy_err_set(&e->err, r, "no memory left") : 1;
}

int espy_next(struct espy *e)
{
	int r;

	espy_arena_reset(&e->strings);
	if (e->err.code)
		return -1;
	for (;;) {
		while (++e->row < e->batch->n)
			if (espy_rule_bit(e->bits, e->row))
				return 1;
		r = next_batch(e);
		if (r <= 0) {
			espy_batch_reset(e->batch);
			put_sentence(e, r);
			return r < 0 ? -1 : 0;
		}
	}
}

/* --- the current event ------------------------------------------------------------------------ */

static bool get(struct espy *e, const char *column, const struct espy_column **ret_column,
		struct espy_value *ret)
{
	const struct espy_column *c = espy_column_find(espy_str0(column));

	if (!c || e->row >= e->batch->n)
		return false;
	*ret_column = c;
	espy_buf_reset(&e->scratch);
	return espy_column_get(c, e->batch, e->row, &e->scratch, ret);
}

/* What is in `text`, to stay until the next event. */
static const char *keep(struct espy *e)
{
	char *s = e->text.error ? NULL : espy_arena_dup(&e->strings, e->text.p, e->text.n);

	return s ? s : "";
}

const char *espy_text(struct espy *e, const char *column)
{
	const struct espy_column *c;
	struct espy_value v;
	unsigned fmt;

	espy_buf_reset(&e->text);
	if (!get(e, column, &c, &v))
		return "";
	fmt = espy_column_fmt(c, e->batch, e->row);
	if (v.is_string)
		espy_column_text(&e->text, fmt, v.str);
	else if (fmt == ESPY_FMT_TIME)
		espy_value_time(&e->text, (int64_t)v.num + e->batch->wall_offset);
	else
		espy_value_num(&e->text, fmt, v.is_signed, v.num, e->batch->wall_offset);
	return keep(e);
}

int64_t espy_number(struct espy *e, const char *column, int *ret_has)
{
	const struct espy_column *c;
	struct espy_value v;
	bool has = get(e, column, &c, &v) && !v.is_string;

	if (ret_has)
		*ret_has = has;
	if (!has)
		return 0;
	if (espy_column_fmt(c, e->batch, e->row) == ESPY_FMT_TIME)
		return (int64_t)v.num + e->batch->wall_offset;
	return (int64_t)v.num;
}

const char *espy_json(struct espy *e)
{
	espy_buf_reset(&e->text);
	if (e->row >= e->batch->n)
		return "";
	e->json.format->row(&e->json, &e->text, e->batch, e->row);
	if (e->text.n && e->text.p[e->text.n - 1] == '\n')
		e->text.n--;
	return keep(e);
}
