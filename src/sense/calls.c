/* SPDX-License-Identifier: MIT */
#include "sense/calls.h"

#include <string.h>
#include "model/call.h"
#include "model/schema.h"

/* Which layout of its event a call has, where there are several. */
static const struct {
	const char *call;
	enum espy_form form;
} forms[] = {
	{"clone", ESPY_FORM_CLONE},
	{"clone3", ESPY_FORM_CLONE3},
	{"mmap2", ESPY_FORM_PAGES},
	{"socketpair", ESPY_FORM_PAIR},
	{"sendto", ESPY_FORM_TO},
	{"recvfrom", ESPY_FORM_TO},
	{"sendmsg", ESPY_FORM_MSG},
	{"recvmsg", ESPY_FORM_MSG},
	{"sendmmsg", ESPY_FORM_MMSG},
	{"recvmmsg", ESPY_FORM_MMSG},
	{"recvmmsg_time64", ESPY_FORM_MMSG},
	{"utime", ESPY_FORM_SECONDS},
	{"utimes", ESPY_FORM_TIMEVAL},
	{"futimesat", ESPY_FORM_TIMEVAL},
	{"utimensat", ESPY_FORM_TIMESPEC},
	{"utimensat_time64", ESPY_FORM_TIMESPEC},
	{"openat2", ESPY_FORM_HOW},
	{"creat", ESPY_FORM_CREAT},
	{"getxattrat", ESPY_FORM_XATTRAT},
	{"setxattrat", ESPY_FORM_XATTRAT},
	{"pivot_root", ESPY_FORM_PIVOT},
	{"munmap", ESPY_FORM_MAPPING},
	{"mremap", ESPY_FORM_MAPPING},
	{"madvise", ESPY_FORM_MAPPING},
	{"mlock", ESPY_FORM_MAPPING},
	{"mlock2", ESPY_FORM_MAPPING},
	{"munlock", ESPY_FORM_MAPPING},
	{"mseal", ESPY_FORM_MAPPING},
	{"remap_file_pages", ESPY_FORM_MAPPING},
	{"mprotect", ESPY_FORM_PROTECT},
	{"pkey_mprotect", ESPY_FORM_PROTECT_KEY},
	{"ptrace", ESPY_FORM_PTRACE},
	{"process_vm_readv", ESPY_FORM_TARGET},
	{"process_vm_writev", ESPY_FORM_TARGET},
	{"kcmp", ESPY_FORM_TARGET},
	{"pidfd_getfd", ESPY_FORM_PIDFD},
	{"process_madvise", ESPY_FORM_PIDFD},
	{"process_mrelease", ESPY_FORM_PIDFD},
	{"add_key", ESPY_FORM_ADD_KEY},
	{"request_key", ESPY_FORM_REQUEST_KEY},
	{"landlock_create_ruleset", ESPY_FORM_RULESET},
	{"landlock_add_rule", ESPY_FORM_RULE},
	{"setfsuid", ESPY_FORM_FS_ID},
	{"setfsuid32", ESPY_FORM_FS_ID},
	{"setfsgid", ESPY_FORM_FS_ID},
	{"setfsgid32", ESPY_FORM_FS_ID},
	{"sched_setaffinity", ESPY_FORM_AFFINITY},
	{"sched_setattr", ESPY_FORM_SCHED_ATTR},
	{"sched_setparam", ESPY_FORM_SCHED_PARAM},
	{"sched_setscheduler", ESPY_FORM_SCHED_POLICY},
	{"setpriority", ESPY_FORM_PRIORITY},
	{"ioprio_set", ESPY_FORM_IOPRIO},
	{"nice", ESPY_FORM_NICE},
	{"setrlimit", ESPY_FORM_SETRLIMIT},
	{"setns", ESPY_FORM_NAMESPACES},
	{"unshare", ESPY_FORM_NAMESPACES},
	{"stime", ESPY_FORM_STIME},
	{"clock_settime", ESPY_FORM_SETTIME},
	{"clock_settime64", ESPY_FORM_SETTIME},
	{"adjtimex", ESPY_FORM_TIMEX},
	{"clock_adjtime", ESPY_FORM_TIMEX},
	{"clock_adjtime64", ESPY_FORM_TIMEX},
	{"io_submit", ESPY_FORM_EACH},
};

/* Calls whose buffers are iovecs. */
static const char *const vectors[] = {"readv",   "preadv",   "preadv2", "writev",
				      "pwritev", "pwritev2", "vmsplice"};

/* 32-bit x86: where 64-bit values take two arguments, and where ids have 16 bits. */
static const struct {
	const char *call;
	uint8_t arg[3];
	uint8_t width[3];
	uint8_t dir, path; /* 0: as on 64 bits */
} ia32_args[] = {
	{"pread64", {3, 4, 0}, {ESPY_W_U64, ESPY_W_PAIR, 0}},
	{"pwrite64", {3, 4, 0}, {ESPY_W_U64, ESPY_W_PAIR, 0}},
	{"preadv", {3, 4, 0}, {ESPY_W_U64, ESPY_W_PAIR, 0}},
	{"pwritev", {3, 4, 0}, {ESPY_W_U64, ESPY_W_PAIR, 0}},
	{"preadv2", {3, 4, 0}, {ESPY_W_U64, ESPY_W_PAIR, 0}},
	{"pwritev2", {3, 4, 0}, {ESPY_W_U64, ESPY_W_PAIR, 0}},
	{"truncate64", {2, 0, 0}, {ESPY_W_PAIR, 0, 0}},
	{"ftruncate64", {2, 0, 0}, {ESPY_W_PAIR, 0, 0}},
	{"fallocate", {2, 3, 5}, {ESPY_W_U32, ESPY_W_PAIR, ESPY_W_PAIR}},
	{"_llseek", {3, 5, 0}, {ESPY_W_PAIR_HIGH, ESPY_W_U32, 0}},
	{"fanotify_mark", {3, 1, 0}, {ESPY_W_PAIR, ESPY_W_U32, 0}, 5, 6},
	{"chown", {2, 3, 0}, {ESPY_W_S16, ESPY_W_S16, 0}},
	{"lchown", {2, 3, 0}, {ESPY_W_S16, ESPY_W_S16, 0}},
	{"fchown", {2, 3, 0}, {ESPY_W_S16, ESPY_W_S16, 0}},
	{"munmap", {1, 2, 0}, {ESPY_W_U64, ESPY_W_U64, 0}},
	{"madvise", {1, 2, 3}, {ESPY_W_U64, ESPY_W_U64, ESPY_W_U32}},
	{"mlock", {1, 2, 0}, {ESPY_W_U64, ESPY_W_U64, 0}},
	{"mlock2", {1, 2, 3}, {ESPY_W_U64, ESPY_W_U64, ESPY_W_U32}},
	{"munlock", {1, 2, 0}, {ESPY_W_U64, ESPY_W_U64, 0}},
	{"mseal", {1, 2, 3}, {ESPY_W_U64, ESPY_W_U64, ESPY_W_U64}},
	{"remap_file_pages", {1, 2, 4}, {ESPY_W_U64, ESPY_W_U64, ESPY_W_U64}},
	{"setuid", {1, 0, 0}, {ESPY_W_S16, 0, 0}},
	{"setgid", {1, 0, 0}, {ESPY_W_S16, 0, 0}},
	{"setfsuid", {1, 0, 0}, {ESPY_W_S16, 0, 0}},
	{"setfsgid", {1, 0, 0}, {ESPY_W_S16, 0, 0}},
	{"setreuid", {1, 2, 0}, {ESPY_W_S16, ESPY_W_S16, 0}},
	{"setregid", {1, 2, 0}, {ESPY_W_S16, ESPY_W_S16, 0}},
	{"setresuid", {1, 2, 3}, {ESPY_W_S16, ESPY_W_S16, ESPY_W_S16}},
	{"setresgid", {1, 2, 3}, {ESPY_W_S16, ESPY_W_S16, ESPY_W_S16}},
	{"setgroups", {1, 0, 0}, {ESPY_W_S16, 0, 0}},
};

static enum espy_form form_of(const char *call)
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++)
		if (!strcmp(forms[i].call, call))
			return forms[i].form;
	return ESPY_FORM_PLAIN;
}

static bool is_vector(const char *call)
{
	for (size_t i = 0; i < sizeof(vectors) / sizeof(*vectors); i++)
		if (!strcmp(vectors[i], call))
			return true;
	return false;
}

/* The kernel takes flags, descriptors and numbers of things as 32 bits: what is above is noise. */
static uint8_t width_of(const struct espy_field *f, unsigned abi)
{
	if (f->fmt == ESPY_FMT_UID || f->fmt == ESPY_FMT_GID)
		return ESPY_W_S32;
	if (f->kind == ESPY_KIND_s64)
		return abi == ESPY_ABI_IA32 ? ESPY_W_S32 : ESPY_W_U64;
	if (f->fmt == ESPY_FMT_BYTES || f->fmt == ESPY_FMT_HEX)
		return ESPY_W_U64;
	return ESPY_W_U32;
}

bool espy_calls_owners(const bool *type)
{
	return type[ESPY_EV_net_tcp] || type[ESPY_EV_net_retransmit] || type[ESPY_EV_net_reset];
}

bool espy_calls_wants(const bool *type, unsigned own)
{
	switch (own) {
	case ESPY_EV_file_open:
		return type[own] || type[ESPY_EV_process_access] || type[ESPY_EV_system_raw_access];
	case ESPY_EV_file_read:
		return type[own] || type[ESPY_EV_net_recv] || type[ESPY_EV_net_dns] ||
		       type[ESPY_EV_process_vm_read];
	case ESPY_EV_file_write:
		return type[own] || type[ESPY_EV_net_send] || type[ESPY_EV_net_dns] ||
		       type[ESPY_EV_process_vm_write] || type[ESPY_EV_process_inject] ||
		       type[ESPY_EV_settings_set] || type[ESPY_EV_file_executable];
	case ESPY_EV_image_load:
		return type[own] || type[ESPY_EV_memory_map] || type[ESPY_EV_memory_exec] ||
		       type[ESPY_EV_file_map_shared];
	case ESPY_EV_memory_protect:
		return type[own] || type[ESPY_EV_memory_exec];
	case ESPY_EV_process_ptrace:
	case ESPY_EV_process_vm_write:
		return type[own] || type[ESPY_EV_process_inject];
	case ESPY_EV_net_accept:
		return type[own] || espy_calls_owners(type);
	case ESPY_EV_file_close:
		return type[own] || type[ESPY_EV_net_close];
	case ESPY_EV_file_aio:
		return type[own] || type[ESPY_EV_file_sync] ||
		       espy_calls_wants(type, ESPY_EV_file_read) ||
		       espy_calls_wants(type, ESPY_EV_file_write);
	case ESPY_EV_file_fcntl:
		return type[own] || type[ESPY_EV_file_lock];
	case ESPY_EV_file_unlink:
		return type[own] || type[ESPY_EV_file_rmdir];
	case ESPY_EV_file_access:
	case ESPY_EV_file_stat:
		return type[own] || type[ESPY_EV_profile_mark];
	case ESPY_EV_net_send:
	case ESPY_EV_net_recv:
		return type[own] || type[ESPY_EV_net_dns] || type[ESPY_EV_ipc_pass_fd] ||
		       type[ESPY_EV_ipc_pass_creds];
	case ESPY_EV_process_fork:
		return type[own] || type[ESPY_EV_thread_create];
	case ESPY_EV_process_setuid:
	case ESPY_EV_process_setgid:
	case ESPY_EV_process_setgroups:
	case ESPY_EV_process_capset:
	case ESPY_EV_process_key:
	case ESPY_EV_process_lsm:
	case ESPY_EV_process_setns:
	case ESPY_EV_process_unshare:
	case ESPY_EV_process_landlock: /* what they change is not a change without a call */
		return type[own] || type[ESPY_EV_process_cred_change];
	case ESPY_EV_process_prctl:
		return type[own] || type[ESPY_EV_process_seccomp] ||
		       type[ESPY_EV_process_cred_change];
	case ESPY_EV_process_exec:
		return true; /* so that the duration of exec and the kind of a rename are known */
	}
	return type[own];
}

/* Paths of other files may be others after it. rmdir: what had the directory's place in the
 * kernel's memory may soon be another one. */
static bool moves_paths(unsigned type)
{
	return type == ESPY_EV_file_rename || type == ESPY_EV_file_rmdir ||
	       type == ESPY_EV_file_unlink || type == ESPY_EV_file_mount ||
	       type == ESPY_EV_file_umount || type == ESPY_EV_file_chroot;
}

/* Of mmap and mprotect, what makes something executable is always recorded, the rest on request. */
static bool only_exec(const struct espy_call *c, const bool *type)
{
	return (c->type == ESPY_EV_image_load && !type[ESPY_EV_memory_map] &&
		c->form != ESPY_FORM_MAP_STRUCT) ||
	       (c->type == ESPY_EV_memory_protect && !type[ESPY_EV_memory_protect]);
}

/* After it the caller may have other credentials. */
static bool gives_creds(unsigned type)
{
	static const uint16_t types[] = {
		ESPY_EV_process_exec,      ESPY_EV_process_setuid,   ESPY_EV_process_setgid,
		ESPY_EV_process_setgroups, ESPY_EV_process_capset,   ESPY_EV_process_prctl,
		ESPY_EV_process_key,       ESPY_EV_process_lsm,      ESPY_EV_process_setns,
		ESPY_EV_process_unshare,   ESPY_EV_process_landlock,
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (types[i] == type)
			return true;
	return false;
}

static void fill_flags(struct espy_call *c, const char *name, const struct espy_schema *s, bool own,
		       unsigned abi)
{
	bool rw = s->type == ESPY_EV_file_read || s->type == ESPY_EV_file_write;

	if (!own && c->fd && !c->path && !c->path2 && !c->dir2)
		c->flags |= ESPY_CALL_INLINE;
	if (is_vector(name))
		c->flags |= ESPY_CALL_VECTOR;
	/* preadv2 and pwritev2 take -1 for the position */
	if (rw && (!c->arg[1] || !strcmp(name, "preadv2") || !strcmp(name, "pwritev2")))
		c->flags |= ESPY_CALL_POS;
	if (s->type == ESPY_EV_file_utime ||
	    (c->fd && (s->type == ESPY_EV_file_chmod || s->type == ESPY_EV_file_chown)))
		c->flags |= ESPY_CALL_OLD;
	if (moves_paths(s->type))
		c->flags |= ESPY_CALL_MOVES;
	if (gives_creds(s->type))
		c->flags |= ESPY_CALL_CREDS;
	if (abi == ESPY_ABI_IA32 && !strstr(name, "time64"))
		c->flags |= ESPY_CALL_NARROW;
}

static void fill_widths(struct espy_call *c, const struct espy_schema *s, unsigned abi)
{
	unsigned first = 0;

	while (first < s->n_fields && s->fields[first].kind == ESPY_KIND_path)
		first++;
	for (unsigned i = 0; i < 3; i++)
		if (c->arg[i] && first + i < s->n_fields)
			c->width[i] = width_of(&s->fields[first + i], abi);
}

static void fill_ia32(struct espy_call *c, const char *name)
{
	for (size_t i = 0; i < sizeof(ia32_args) / sizeof(*ia32_args); i++)
		if (!strcmp(ia32_args[i].call, name)) {
			memcpy(c->arg, ia32_args[i].arg, sizeof(c->arg));
			memcpy(c->width, ia32_args[i].width, sizeof(c->width));
			c->dir = ia32_args[i].path ? ia32_args[i].dir : c->dir;
			c->path = ia32_args[i].path ? ia32_args[i].path : c->path;
		}
	if (!strcmp(name, "mmap"))
		c->form = ESPY_FORM_MAP_STRUCT;
}

static void fill_call(struct espy_call *c, const struct espy_call_row *row,
		      const struct espy_schema *s, const bool *type, bool own, unsigned abi)
{
	*c = (struct espy_call){
		.type = s->type,
		.on = espy_calls_wants(type, s->type),
		.fd = row->fd,
		.dir = row->dir,
		.path = row->path,
		.dir2 = row->dir2,
		.path2 = row->path2,
		.arg = {row->a, row->b, row->c},
		.form = (uint8_t)form_of(row->call),
	};
	fill_widths(c, s, abi);
	if (abi == ESPY_ABI_IA32)
		fill_ia32(c, row->call);
	fill_flags(c, row->call, s, own, abi);
	if (only_exec(c, type))
		c->flags |= ESPY_CALL_EXEC;
}

void espy_calls_fill(struct espy_call calls[ESPY_ABIS][ESPY_CALLS], const bool *type,
		     bool (*has_program)(const char *event))
{
	static const uint8_t table[] = {
		[ESPY_ABI_NATIVE] = 0, [ESPY_ABI_IA32] = 1, [ESPY_ABI_X32] = 0};

	for (size_t i = 0; i < espy_n_schemas; i++) {
		const struct espy_schema *s = &espy_schemas[i];
		bool own = has_program(s->name);

		for (unsigned j = 0; j < s->n_calls; j++)
			for (unsigned abi = ESPY_ABI_NATIVE; abi < sizeof(table); abi++) {
				int nr = espy_call_nr(abi, s->calls[j].call);

				if (nr >= 0 && nr < ESPY_CALLS)
					fill_call(&calls[table[abi]][nr], &s->calls[j], s, type,
						  own, abi);
			}
	}
	/* socketcall stands for all of sockets on ia32; the program looks inside. */
	int nr = espy_call_nr(ESPY_ABI_IA32, "socketcall");
	if (nr > 0) {
		calls[1][nr].type = ESPY_EV_net_socket;
		for (unsigned t = ESPY_EV_net_socket; t <= ESPY_EV_net_recv; t++)
			calls[1][nr].on |= espy_calls_wants(type, t);
	}
	/* So does ipc for all of System V. */
	nr = espy_call_nr(ESPY_ABI_IA32, "ipc");
	if (nr > 0) {
		calls[1][nr].type = ESPY_EV_ipc_semop;
		for (unsigned t = ESPY_EV_ipc_shmget; t <= ESPY_EV_ipc_semctl; t++)
			calls[1][nr].on |= type[t];
	}
}

/* --- bounds ------------------------------------------------------------------------------------
 */

/* The process table lives on these, and on whose a connection is. */
static bool is_for_all(unsigned call_type, const bool *type)
{
	return call_type == ESPY_EV_process_fork || call_type == ESPY_EV_process_exec ||
	       (call_type == ESPY_EV_net_accept && espy_calls_owners(type));
}

/* Do all events that the call can be have the path of what its descriptor is, or was opened as, and
 * are all of them that are recorded bounded? Those that have another path come from objects that
 * are never outside, or are told in any case. */
static bool is_bounded(const struct espy_call *c, const bool *type, const bool *path_bound)
{
	static const uint16_t apart[] = {
		ESPY_EV_process_vm_read, ESPY_EV_process_vm_write,  ESPY_EV_process_inject,
		ESPY_EV_process_access,  ESPY_EV_system_raw_access, ESPY_EV_net_dns,
	};
	bool loose[ESPY_EVENT_ID_MAX];

	if (!(c->flags & ESPY_CALL_INLINE) && (c->type != ESPY_EV_file_open || c->fd) &&
	    c->type != ESPY_EV_net_send && c->type != ESPY_EV_net_recv)
		return false;
	for (unsigned t = 0; t < ESPY_EVENT_ID_MAX; t++)
		loose[t] = type[t] && !path_bound[t];
	for (size_t i = 0; i < sizeof(apart) / sizeof(*apart); i++)
		loose[apart[i]] = false;
	return !espy_calls_wants(loose, c->type);
}

void espy_calls_bound(struct espy_call calls[ESPY_ABIS][ESPY_CALLS], const bool *type,
		      const bool *path_bound)
{
	for (struct espy_call *c = calls[0]; c < calls[0] + (size_t)ESPY_ABIS * ESPY_CALLS; c++) {
		if (!c->on)
			continue;
		if (is_for_all(c->type, type))
			c->on |= ESPY_ON_QUIET;
		if (is_bounded(c, type, path_bound))
			c->on |= ESPY_ON_INSIDE;
	}
	int nr = espy_call_nr(ESPY_ABI_IA32, "socketcall");
	if (nr > 0 && calls[1][nr].on && espy_calls_owners(type))
		calls[1][nr].on |= ESPY_ON_QUIET; /* it may be an accept */
}

void espy_calls_numbers(uint8_t numbers[ESPY_CALLS],
			const struct espy_call calls[ESPY_ABIS][ESPY_CALLS])
{
	for (unsigned nr = 0; nr < ESPY_CALLS; nr++) {
		uint8_t on = 0, flags = 0;

		for (unsigned table = 0; table < ESPY_ABIS; table++) {
			on |= calls[table][nr].on;
			flags |= calls[table][nr].flags;
		}
		numbers[nr] = (uint8_t)((on ? ESPY_NUMBER_ON : 0) |
					(flags & ESPY_CALL_MOVES ? ESPY_NUMBER_MOVES : 0));
	}
}

/* --- io_uring ------------------------------------------------------------------------------- */

static bool is_text_given(const struct espy_schema *s, const char *name)
{
	static const struct {
		const char *event, *field;
	} given[] = {
		{"file_symlink", "target"}, {"file_getxattr", "name"}, {"file_setxattr", "name"},
		{"net_bind", "local"},      {"net_connect", "remote"}, {"net_send", "remote"},
	};

	for (size_t i = 0; i < sizeof(given) / sizeof(*given); i++)
		if (!strcmp(given[i].event, s->name) && !strcmp(given[i].field, name))
			return true;
	return false;
}

static void fill_layout(struct espy_layout *l, const struct espy_schema *s)
{
	l->size = s->size;
	l->class_id = s->class_id;
	for (unsigned i = 0; i < s->n_fields; i++) {
		const struct espy_field *f = &s->fields[i];
		bool is_path = f->kind == ESPY_KIND_path;
		bool is_word = f->kind == ESPY_KIND_u64 || f->kind == ESPY_KIND_s64;

		if ((is_path && l->words + l->halves) || (is_word && l->halves))
			break; /* what was appended later: a ring's request leaves it 0 */
		if (is_path)
			l->paths++;
		else if (is_word)
			l->words++;
		else
			l->halves++;
		if (is_text_given(s, f->name))
			l->text = l->halves;
	}
}

void espy_calls_fill_urings(struct espy_uring urings[ESPY_URINGS],
			    struct espy_layout layouts[ESPY_EVENT_ID_MAX], const bool *type)
{
	static const uint16_t events[ESPY_URINGS] = {
#define URING(name, opcode, ev) [opcode] = ESPY_EV_##ev,
#include "model/uring.def"
	};

	for (size_t i = 0; i < espy_n_schemas; i++)
		fill_layout(&layouts[espy_schemas[i].type], &espy_schemas[i]);
	for (unsigned i = 0; i < ESPY_URINGS; i++) {
		urings[i].type = events[i] ? events[i] : ESPY_EV_system_uring;
		urings[i].on = espy_calls_wants(type, urings[i].type);
	}
}
