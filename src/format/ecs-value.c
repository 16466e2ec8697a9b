/* SPDX-License-Identifier: MIT */
#include "format/ecs-value.h"
#include <arpa/inet.h>
#include "base/escape.h"
#include "format/output-cell.h"
#include "model/value.h"

#define VERSION "8.11.0"

void espy_ecs_string(struct espy_ecs *e, struct espy_str s)
{
	espy_buf_putc(e->out, '"');
	if (espy_escape_json(e->out, s))
		e->replaced = true;
	espy_buf_putc(e->out, '"');
}

static bool constant(struct espy_ecs *e, const char *s)
{
	if (!s || !s[0])
		return false;
	espy_ecs_string(e, espy_str0(s));
	return true;
}

static bool time_of(struct espy_ecs *e, uint64_t boot)
{
	espy_buf_putc(e->out, '"');
	espy_value_time(e->out, (int64_t)boot + e->b->wall_offset);
	espy_buf_putc(e->out, '"');
	return true;
}

#define FUNCTION(name) bool espy_ecs_##name(struct espy_ecs *e, const struct espy_column *c)
#define UNUSED(c)      ((void)(c))

FUNCTION(add_time)
{
	UNUSED(c);
	return time_of(e, e->b->time[e->row]);
}

FUNCTION(add_end)
{
	UNUSED(c);
	return time_of(e, e->b->time[e->row] + e->b->duration[e->row]);
}

FUNCTION(add_start)
{
	UNUSED(c);
	return e->proc && e->proc->start && time_of(e, e->proc->start);
}

FUNCTION(add_version)
{
	UNUSED(c);
	return constant(e, VERSION);
}

FUNCTION(add_dataset)
{
	UNUSED(c);
	return constant(e, "espy.events");
}

FUNCTION(add_kind)
{
	UNUSED(c);
	return constant(e, "event");
}

FUNCTION(add_module)
{
	UNUSED(c);
	return constant(e, "espy");
}

/* --- what happened ------------------------------------------------------------------------------
 */

struct meaning {
	const char *category, *types;
};

static const struct meaning of_class[ESPY_CLASS__MAX] = {
#define CLASS(class, category, types) [ESPY_CLASS_##class] = {category, types},
#include "format/ecs.def"
};

static const struct meaning of_event[ESPY_EVENT_ID_MAX] = {
#define EVENT(ev, category, types) [ESPY_EV_##ev] = {category, types},
#include "format/ecs.def"
};

static const struct meaning *meaning_of(const struct espy_ecs *e)
{
	const struct meaning *m = &of_event[e->schema->type];

	return m->category ? m : &of_class[e->schema->class_id];
}

FUNCTION(add_category)
{
	const struct meaning *m = meaning_of(e);

	UNUSED(c);
	if (!m->category)
		return false;
	espy_buf_printf(e->out, "[\"%s\"]", m->category);
	return true;
}

/* Opening a file that was not there makes it. */
FUNCTION(add_type)
{
	const struct meaning *m = meaning_of(e);
	int created = e->schema->type == ESPY_EV_file_open
			      ? espy_schema_field(e->schema, ESPY_STR("created"))
			      : -1;

	UNUSED(c);
	if (!m->types)
		return false;
	if (created >= 0 && espy_batch_get(e->b, e->row, (unsigned)created).num)
		espy_buf_puts(e->out, "[\"creation\"]");
	else
		espy_buf_printf(e->out, "[%s]", m->types);
	return true;
}

FUNCTION(add_outcome)
{
	int64_t result = e->b->result[e->row];

	UNUSED(c);
	if (e->b->flags[e->row] & ESPY_F_PENDING)
		return constant(e, "unknown");
	if (e->schema->type != ESPY_EV_process_exit && result < 0 && result >= -ESPY_ERRNO_MAX)
		return constant(e, "failure");
	return constant(e, "success");
}

/* --- files --------------------------------------------------------------------------------------
 */

static bool has_name(const struct espy_ecs *e, struct espy_str *ret_path, struct espy_str *ret_name)
{
	*ret_path = espy_dict_get(&e->b->dict, e->b->path[e->row]);
	*ret_name = espy_str_basename(*ret_path);
	return ret_path->n && ret_path->p[0] == '/' && ret_name->n;
}

FUNCTION(add_file_name)
{
	struct espy_str path, name;

	UNUSED(c);
	if (!has_name(e, &path, &name))
		return false;
	espy_ecs_string(e, name);
	return true;
}

FUNCTION(add_directory)
{
	struct espy_str path, name;

	UNUSED(c);
	if (!has_name(e, &path, &name) || name.n >= path.n)
		return false;
	espy_ecs_string(e,
			(struct espy_str){path.p, path.n - name.n > 1 ? path.n - name.n - 1 : 1});
	return true;
}

FUNCTION(add_extension)
{
	struct espy_str path, name;
	size_t n;

	UNUSED(c);
	if (!has_name(e, &path, &name))
		return false;
	for (n = name.n; n > 1 && name.p[n - 1] != '.';)
		n--;
	if (n <= 1 || n == name.n)
		return false; /* none, or the dot of a hidden file */
	espy_ecs_string(e, (struct espy_str){name.p + n, name.n - n});
	return true;
}

/* --- the machine --------------------------------------------------------------------------------
 */

static bool fact(struct espy_ecs *e, size_t offset)
{
	const struct espy_machine *m = e->w->options.machine;

	return m && constant(e, (const char *)m + offset);
}

FUNCTION(add_arch)
{
	UNUSED(c);
	return fact(e, offsetof(struct espy_machine, arch));
}

FUNCTION(add_boot)
{
	UNUSED(c);
	return fact(e, offsetof(struct espy_machine, boot_id));
}

FUNCTION(add_host)
{
	UNUSED(c);
	return fact(e, offsetof(struct espy_machine, host));
}

FUNCTION(add_os)
{
	UNUSED(c);
	return fact(e, offsetof(struct espy_machine, os));
}

FUNCTION(add_kernel)
{
	UNUSED(c);
	return fact(e, offsetof(struct espy_machine, kernel));
}

FUNCTION(add_os_type)
{
	UNUSED(c);
	return constant(e, e->b->abi[e->row] == ESPY_ABI_PROCMON ? "windows" : "linux");
}

/* --- processes ----------------------------------------------------------------------------------
 */

/* Unique in a boot: a process id and when it began. */
static bool entity(struct espy_ecs *e, uint32_t pid, uint64_t start)
{
	if (!start)
		return false;
	espy_buf_printf(e->out, "\"%u-%llu\"", pid, (unsigned long long)start);
	return true;
}

FUNCTION(add_entity)
{
	UNUSED(c);
	return e->proc && entity(e, e->proc->pid, e->proc->start);
}

FUNCTION(add_parent_entity)
{
	UNUSED(c);
	return e->proc && entity(e, e->proc->ppid, e->proc->parent_start);
}

static struct espy_str words_of(const struct espy_ecs *e)
{
	return e->proc ? espy_dict_get(&e->b->dict, e->proc->cmdline) : ESPY_STR_NONE;
}

FUNCTION(add_args)
{
	struct espy_str words = words_of(e);

	UNUSED(c);
	if (!words.n)
		return false;
	if (espy_cell_array(e->out, words, espy_cell_string))
		e->replaced = true;
	return true;
}

FUNCTION(add_args_count)
{
	struct espy_str words = words_of(e);
	uint64_t n = 0;

	UNUSED(c);
	for (size_t i = 0; i < words.n; i++)
		n += words.p[i] == '\0' || i + 1 == words.n;
	if (n)
		espy_buf_u64(e->out, n);
	return n;
}

FUNCTION(add_command_line)
{
	struct espy_str words = words_of(e);
	struct espy_buf *text = &e->w->scratch;

	UNUSED(c);
	if (!words.n)
		return false;
	espy_buf_reset(text);
	espy_column_text(text, ESPY_FMT_ARGV, words);
	espy_ecs_string(e, (struct espy_str){text->p, text->n});
	return true;
}

/* --- addresses ----------------------------------------------------------------------------------
 */

/* What came in was sent by the other side. */
static struct espy_str address(const struct espy_ecs *e, bool is_source)
{
	bool comes_in =
		e->schema->type == ESPY_EV_net_accept || e->schema->type == ESPY_EV_net_recv;
	int f = espy_schema_field(e->schema,
				  is_source != comes_in ? ESPY_STR("local") : ESPY_STR("remote"));

	return f < 0 ? ESPY_STR_NONE : espy_batch_get(e->b, e->row, (unsigned)f).str;
}

/* "127.0.0.1:80" or "[::1%2]:80" in its parts: false for what is not of IP. */
static bool split(struct espy_str s, struct espy_str *ip, struct espy_str *port)
{
	unsigned char bytes[16];
	char text[INET6_ADDRSTRLEN];
	size_t colon = s.n, end;
	bool is_six = s.n && s.p[0] == '[';

	while (colon && s.p[colon - 1] != ':')
		colon--;
	if (colon < 2 || s.p[0] == '/')
		return false;
	*port = (struct espy_str){s.p + colon, s.n - colon};
	*ip = (struct espy_str){s.p + is_six, colon - 1 - 2 * (size_t)is_six};
	for (end = 0; end < ip->n && ip->p[end] != '%';)
		end++;
	ip->n = end; /* without the interface */
	if (ip->n >= sizeof(text) || colon - 1 < 2 * (size_t)is_six)
		return false;
	memcpy(text, ip->p, ip->n);
	text[ip->n] = '\0';
	return inet_pton(is_six ? AF_INET6 : AF_INET, text, bytes) == 1;
}

static bool whole(struct espy_ecs *e, bool is_source)
{
	struct espy_str s = address(e, is_source);

	if (s.n)
		espy_ecs_string(e, s);
	return s.n;
}

static bool part(struct espy_ecs *e, bool is_source, bool is_port)
{
	struct espy_str ip, port;

	if (!split(address(e, is_source), &ip, &port))
		return false;
	if (is_port)
		espy_buf_str(e->out, port);
	else
		espy_ecs_string(e, ip);
	return true;
}

FUNCTION(add_source)
{
	UNUSED(c);
	return whole(e, true);
}

FUNCTION(add_source_ip)
{
	UNUSED(c);
	return part(e, true, false);
}

FUNCTION(add_source_port)
{
	UNUSED(c);
	return part(e, true, true);
}

FUNCTION(add_destination)
{
	UNUSED(c);
	return whole(e, false);
}

FUNCTION(add_destination_ip)
{
	UNUSED(c);
	return part(e, false, false);
}

FUNCTION(add_destination_port)
{
	UNUSED(c);
	return part(e, false, true);
}

FUNCTION(add_network_type)
{
	struct espy_str ip, port;

	UNUSED(c);
	if (!split(address(e, true), &ip, &port) && !split(address(e, false), &ip, &port))
		return false;
	return constant(e, memchr(ip.p, ':', ip.n) ? "ipv6" : "ipv4");
}

/* --- Espy's own ---------------------------------------------------------------------------------
 */

FUNCTION(add_fields)
{
	UNUSED(c);
	espy_cell_fields(e->out, e->b, e->row);
	return true;
}

static bool mark(struct espy_ecs *e, unsigned flag)
{
	if (e->b->flags[e->row] & flag)
		espy_buf_puts(e->out, "true");
	return e->b->flags[e->row] & flag;
}

FUNCTION(add_pending)
{
	UNUSED(c);
	return mark(e, ESPY_F_PENDING);
}

FUNCTION(add_truncated)
{
	UNUSED(c);
	return mark(e, ESPY_F_TRUNCATED);
}
