/* SPDX-License-Identifier: MIT */
#include "format/procmon-map.h"

#include <errno.h>
#include "format/procmon-detail.h"
#include "model/column.h"
#include "model/value.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define STATUS_UNSUCCESSFUL  0xc0000001u
#define STATUS_PENDING       0x103u
#define STATUS_END_OF_FILE   0xc0000011u
#define STATUS_NO_MORE_FILES 0x80000006u

/* --- tables ----------------------------------------------------------------------------------- */

struct map_row {
	const char *operation, *other;
	espy_procmon_detail_fn *detail; /* NULL: no detail */
	const char *operations;         /* all of them */
	uint8_t category;
};

/* "A", or "A,B". */
#define BOTH(a, b) (sizeof(b) > 1 ? a "," b : a)

static const struct map_row map_rows[ESPY_EVENT_ID_MAX] = {
#define MAP(ev, op_, other_, category_, detail_)         \
	[ESPY_EV_##ev] = {                               \
		.operation = op_,                        \
		.other = other_,                         \
		.detail = espy_procmon_detail_##detail_, \
		.operations = BOTH(op_, other_),         \
		.category = ESPY_CATEGORY_##category_,   \
	},
#include "format/procmon-map.def"
};

static const char *const class_names[] = {
#define CLASS(name, procmon, ...) [ESPY_CLASS_##name] = (procmon),
#include "model/classes.def"
};

/* The NTSTATUS that Windows gives for the same mishap. Source: ntstatus.h. */
static const struct {
	uint16_t error;
	uint32_t status;
} statuses[] = {
	{EPERM, 0xc0000061},         /* PRIVILEGE NOT HELD */
	{ENOENT, 0xc0000034},        /* NAME NOT FOUND */
	{ESRCH, 0xc000000b},         /* INVALID CID */
	{EINTR, 0xc0000120},         /* CANCELLED */
	{EIO, 0xc0000185},           /* IO DEVICE ERROR */
	{ENXIO, 0xc000000e},         /* NO SUCH DEVICE */
	{ENOEXEC, 0xc000007b},       /* INVALID IMAGE FORMAT */
	{EBADF, 0xc0000008},         /* INVALID HANDLE */
	{EAGAIN, 0xc00000d8},        /* CANT WAIT */
	{ENOMEM, 0xc0000017},        /* NO MEMORY */
	{EACCES, 0xc0000022},        /* ACCESS DENIED */
	{EFAULT, 0xc0000005},        /* ACCESS VIOLATION */
	{EBUSY, 0xc0000043},         /* SHARING VIOLATION */
	{EEXIST, 0xc0000035},        /* NAME COLLISION */
	{EXDEV, 0xc00000d4},         /* NOT SAME DEVICE */
	{ENODEV, 0xc000000e},        /* NO SUCH DEVICE */
	{ENOTDIR, 0xc0000103},       /* NOT A DIRECTORY */
	{EISDIR, 0xc00000ba},        /* IS DIRECTORY */
	{EINVAL, 0xc000000d},        /* INVALID PARAMETER */
	{ENFILE, 0xc000009a},        /* INSUFFICIENT RESOURCES */
	{EMFILE, 0xc000011f},        /* TOO MANY OPENED FILES */
	{ENOTTY, 0xc0000010},        /* INVALID DEVICE REQUEST */
	{ETXTBSY, 0xc0000043},       /* SHARING VIOLATION */
	{EFBIG, 0xc0000904},         /* FILE TOO LARGE */
	{ENOSPC, 0xc000007f},        /* DISK FULL */
	{ESPIPE, 0xc0000010},        /* INVALID DEVICE REQUEST */
	{EROFS, 0xc00000a2},         /* MEDIA WRITE PROTECTED */
	{EMLINK, 0xc0000265},        /* TOO MANY LINKS */
	{EPIPE, 0xc000014b},         /* PIPE BROKEN */
	{ERANGE, 0xc0000023},        /* BUFFER TOO SMALL */
	{EDEADLK, 0xc0000194},       /* POSSIBLE DEADLOCK */
	{ENAMETOOLONG, 0xc0000033},  /* NAME INVALID */
	{ENOSYS, 0xc0000002},        /* NOT IMPLEMENTED */
	{ENOTEMPTY, 0xc0000101},     /* NOT EMPTY */
	{ELOOP, 0xc000027a},         /* a reparse point too many */
	{ENODATA, 0xc0000051},       /* NONEXISTENT EA ENTRY */
	{EOVERFLOW, 0x80000005},     /* BUFFER OVERFLOW */
	{EOPNOTSUPP, 0xc00000bb},    /* NOT SUPPORTED */
	{EADDRINUSE, 0xc000020a},    /* ADDRESS ALREADY EXISTS */
	{EADDRNOTAVAIL, 0xc0000207}, /* INVALID ADDRESS COMPONENT */
	{ENETUNREACH, 0xc000023c},   /* NETWORK UNREACHABLE */
	{EHOSTUNREACH, 0xc000023d},  /* HOST UNREACHABLE */
	{ECONNABORTED, 0xc0000241},  /* CONNECTION ABORTED */
	{ECONNRESET, 0xc000020d},    /* CONNECTION RESET */
	{ENOBUFS, 0xc000009a},       /* INSUFFICIENT RESOURCES */
	{ENOTCONN, 0xc000020c},      /* DISCONNECTED */
	{ETIMEDOUT, 0xc00000b5},     /* IO TIMEOUT */
	{ECONNREFUSED, 0xc0000236},  /* CONNECTION REFUSED */
	{EINPROGRESS, 0xc00000d8},   /* CANT WAIT */
	{EDQUOT, 0xc0000044},        /* QUOTA EXCEEDED */
	{ECANCELED, 0xc0000120},     /* CANCELLED */
};

uint32_t espy_procmon_map_status(int64_t result)
{
	if (result >= 0 || result < -ESPY_ERRNO_MAX)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(statuses); i++)
		if (statuses[i].error == -result)
			return statuses[i].status;
	return STATUS_UNSUCCESSFUL;
}

const char *espy_procmon_map_operations(unsigned type)
{
	const struct espy_schema *s = espy_schema_get(type);

	if (!s)
		return "";
	return map_rows[type].operations ? map_rows[type].operations : s->label;
}

enum espy_category espy_procmon_map_category(unsigned type)
{
	return type < ESPY_EVENT_ID_MAX ? map_rows[type].category : ESPY_CATEGORY_NONE;
}

bool espy_procmon_map_is_imported(unsigned type)
{
	static const bool imported[ESPY_EVENT_ID_MAX] = {
#define IMPORTED(ev) [ESPY_EV_##ev] = true,
#include "model/imported.def"
	};

	return type < ESPY_EVENT_ID_MAX && imported[type];
}

/* --- a row ------------------------------------------------------------------------------------ */

/* Nothing was left to read: its own result, where a system call just returns 0. */
static uint32_t status_of_nothing(const struct espy_batch *b, uint32_t row)
{
	if (b->type[row] == ESPY_EV_file_readdir)
		return STATUS_NO_MORE_FILES;
	if ((b->type[row] == ESPY_EV_file_read || b->type[row] == ESPY_EV_file_reads) &&
	    espy_procmon_num(b, row, "requested"))
		return STATUS_END_OF_FILE;
	return 0;
}

static uint32_t status_of(const struct espy_batch *b, uint32_t row)
{
	if (b->flags[row] & ESPY_F_PENDING)
		return STATUS_PENDING;
	if (b->status[row])
		return b->status[row];
	if (b->type[row] == ESPY_EV_process_exit) /* an exit always succeeds */
		return 0;
	return b->result[row] ? espy_procmon_map_status(b->result[row]) : status_of_nothing(b, row);
}

/* Which of the two names: 0 operation, 1 other, -1 neither fits. */
static int choose(const struct espy_batch *b, uint32_t row, unsigned class_id)
{
	if (b->type[row] == ESPY_EV_file_lock)
		return espy_procmon_lock_kind(b, row);
	if (class_id == ESPY_CLASS_network)
		return espy_procmon_net_kind(b, row);
	return 0;
}

static enum espy_category category_of(const struct espy_batch *b, uint32_t row,
				      const struct map_row *m)
{
	if (b->category[row])
		return b->category[row];
	if (b->type[row] == ESPY_EV_file_open && espy_procmon_open_writes(b, row))
		return ESPY_CATEGORY_WRITE;
	return m->category;
}

static const struct map_row *find(const struct espy_batch *b, uint32_t row, int *which)
{
	const struct map_row *m = &map_rows[b->type[row]];

	*which = m->operation ? choose(b, row, espy_schema_get(b->type[row])->class_id) : -1;
	return *which < 0 ? NULL : m;
}

void espy_procmon_map(const struct espy_batch *b, uint32_t row, struct espy_procmon_map *ret)
{
	const struct espy_schema *s = espy_schema_get(b->type[row]);
	int which;
	const struct map_row *m = find(b, row, &which);

	*ret = (struct espy_procmon_map){
		.operation = s->label,
		.event_class = class_names[s->class_id],
		.category = b->category[row],
		.status = status_of(b, row),
		.is_own = !m,
	};
	if (m) {
		ret->operation = which ? m->other : m->operation;
		ret->category = category_of(b, row, m);
	}
}

void espy_procmon_map_path(struct espy_buf *out, const struct espy_batch *b, uint32_t row)
{
	int which;

	if (b->type[row] == ESPY_EV_process_fork)
		espy_buf_str(out, espy_dict_get(&b->dict, espy_batch_proc(b, row)->exe));
	else if (espy_schema_get(b->type[row])->class_id == ESPY_CLASS_network &&
		 find(b, row, &which))
		espy_procmon_net_path(out, b, row);
	else
		espy_buf_str(out, espy_dict_get(&b->dict, b->path[row]));
}

void espy_procmon_map_detail(struct espy_buf *out, const struct espy_batch *b, uint32_t row)
{
	int which;
	const struct map_row *m = find(b, row, &which);

	if (b->detail[row])
		espy_buf_str(out, espy_dict_get(&b->dict, b->detail[row]));
	else if (!m)
		espy_column_detail(out, b, row);
	else if (m->detail)
		m->detail(out, b, row);
}
