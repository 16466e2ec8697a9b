/* SPDX-License-Identifier: MIT */
#include "trace/store.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#define DISK_BLOCK  4096u       /* a file takes up a multiple of this */
#define END_RESERVE (8u << 10)  /* of a ring, for its end block */
#define PARTS       16u         /* into which the bounds are divided */
#define PART_MIN    (64u << 10) /* bytes of a part */
#define PART_MAX    (64u << 20) /* likewise */
#define PART_MIN_NS 1000000000ull

void espy_store_init_file(struct espy_store *s, int fd)
{
	struct stat st;

	*s = (struct espy_store){.fd = fd, .dir = -1};
	s->cuttable = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && lseek(fd, 0, SEEK_CUR) == 0;
}

void espy_store_init_ring(struct espy_store *s, int dir, const struct espy_trace_keep *keep)
{
	*s = (struct espy_store){.fd = -1, .dir = dir, .cuttable = true, .keep = *keep};
}

static int close_file(struct espy_store *s)
{
	int r = s->fd >= 0 && close(s->fd) < 0 ? -errno : 0;

	s->fd = -1;
	return r;
}

int espy_store_done(struct espy_store *s)
{
	int r = close_file(s);

	if (s->dir >= 0)
		close(s->dir);
	s->dir = -1;
	espy_vec_done(&s->parts);
	return r;
}

/* --- bytes ------------------------------------------------------------------------------------ */

/* Drops the n bytes that were written. */
static void advance(struct iovec **part, int *n_parts, size_t n)
{
	while (*n_parts && n >= (*part)->iov_len) {
		n -= (*part)->iov_len;
		++*part;
		--*n_parts;
	}
	if (n) {
		(*part)->iov_base = (char *)(*part)->iov_base + n;
		(*part)->iov_len -= n;
	}
}

static struct espy_store_part *newest_part(const struct espy_store *s)
{
	return &s->parts.v[s->parts.n - 1];
}

/* A block that is there only in part: away with it, so that the next one can follow. */
static void cut_back(struct espy_store *s)
{
	off_t end = (off_t)(s->dir < 0 ? s->offset : newest_part(s)->bytes);

	if (!s->cuttable || ftruncate(s->fd, end) < 0 || lseek(s->fd, end, SEEK_SET) < 0)
		s->broken = true;
}

/* A pipe whose other side set it to non-blocking. */
static int wait_for_room(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};

	return poll(&p, 1, -1) == 1 ? 0 : -errno;
}

/* Under sudo the directory was given to the person; so are its parts. */
static void give_to_owner(const struct espy_store *s)
{
	struct stat dir, own;

	if (fstat(s->dir, &dir) < 0 || fstat(s->fd, &own) < 0)
		return;
	if ((dir.st_uid != own.st_uid || dir.st_gid != own.st_gid) &&
	    fchown(s->fd, dir.st_uid, dir.st_gid) < 0)
		return; /* a file system without owners: still usable by root */
}

static int begin_part(struct espy_store *s)
{
	struct espy_store_part part = {.start = s->offset};
	char name[ESPY_PART_NAME_SIZE];

	if (espy_vec_reserve(&s->parts, s->parts.n + 1) < 0)
		return -ENOMEM;
	espy_part_name(name, s->offset);
	s->fd = openat(s->dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (s->fd < 0)
		return -errno;
	give_to_owner(s);
	s->parts.v[s->parts.n++] = part;
	return 0;
}

static int put_all(struct espy_store *s, struct iovec *part, int n_parts, uint64_t *written)
{
	for (advance(&part, &n_parts, 0); n_parts;) {
		ssize_t r = writev(s->fd, part, n_parts);
		int error = r < 0 ? errno : 0;

		if (error == EINTR || (error == EAGAIN && wait_for_room(s->fd) == 0))
			continue;
		if (error)
			return -error;
		*written += (size_t)r;
		advance(&part, &n_parts, (size_t)r);
	}
	return 0;
}

int espy_store_put(struct espy_store *s, struct iovec *part, int n_parts)
{
	uint64_t written = 0;
	int r;

	if (s->broken)
		return -EIO;
	r = s->dir >= 0 && s->fd < 0 ? begin_part(s) : 0;
	if (r == 0)
		r = put_all(s, part, n_parts, &written);
	if (r < 0) {
		if (written)
			cut_back(s);
		return r;
	}
	s->offset += written;
	if (s->dir >= 0)
		newest_part(s)->bytes += written;
	return 0;
}

/* --- bounds ----------------------------------------------------------------------------------- */

static uint64_t on_disk(uint64_t bytes)
{
	return (bytes + DISK_BLOCK - 1) / DISK_BLOCK * DISK_BLOCK;
}

uint64_t espy_store_size(const struct espy_store *s)
{
	uint64_t sum = 0;

	if (s->dir < 0)
		return s->offset;
	for (size_t i = 0; i < s->parts.n; i++)
		sum += s->parts.v[i].bytes;
	return sum;
}

/* Disk space with n more bytes, the directory and the end block to come included. */
static uint64_t space(const struct espy_store *s, uint64_t n)
{
	uint64_t sum = DISK_BLOCK + END_RESERVE;

	for (size_t i = 0; i < s->parts.n; i++) {
		bool grows = s->fd >= 0 && i + 1 == s->parts.n;

		sum += on_disk(s->parts.v[i].bytes + (grows ? n : 0));
	}
	return s->fd >= 0 ? sum : sum + on_disk(n);
}

static void note_dropped(struct espy_store *s, uint64_t rows, uint64_t last_end)
{
	s->dropped += rows;
	if (rows && last_end > s->dropped_to)
		s->dropped_to = last_end;
}

/* Removes the oldest part but the first, which tells what all others need. */
static int drop_oldest(struct espy_store *s)
{
	struct espy_store_part *old = &s->parts.v[1];
	char name[ESPY_PART_NAME_SIZE];
	int r = s->parts.n == 2 ? close_file(s) : 0;

	espy_part_name(name, old->start);
	if (unlinkat(s->dir, name, 0) < 0 && errno != ENOENT)
		return -errno;
	note_dropped(s, old->rows, old->last_end);
	s->parts.n--;
	for (size_t i = 1; i < s->parts.n; i++)
		s->parts.v[i] = s->parts.v[i + 1];
	return r;
}

int espy_store_age(struct espy_store *s, uint64_t now)
{
	int r = 0;

	if (now > s->newest)
		s->newest = now;
	while (r == 0 && s->keep.span_ns && s->parts.n > 1) {
		uint64_t end = s->parts.v[1].last_end;

		if (s->newest <= end || s->newest - end <= s->keep.span_ns)
			break;
		r = drop_oldest(s);
	}
	return r;
}

static bool is_part_full(const struct espy_store *s, const struct espy_store_block *b)
{
	const struct espy_store_part *part = newest_part(s);
	uint64_t bytes = s->keep.bytes ? s->keep.bytes / PARTS : PART_MAX;
	uint64_t span = s->keep.span_ns / PARTS;

	bytes = bytes < PART_MIN ? PART_MIN : bytes > PART_MAX ? PART_MAX : bytes;
	span = span < PART_MIN_NS ? PART_MIN_NS : span;
	if (s->parts.n == 1 || part->bytes + b->bytes > bytes)
		return true;
	return s->keep.span_ns && b->end > part->first_end && b->end - part->first_end > span;
}

/* The part that the block goes to, in the books before it is there: a failure ends the capture. */
static int enter(struct espy_store *s, const struct espy_store_block *b)
{
	struct espy_store_part *part;
	int r = s->fd < 0 ? begin_part(s) : 0;

	if (r < 0)
		return r;
	part = newest_part(s);
	if (!part->rows)
		part->first_end = b->end;
	if (b->end > part->last_end)
		part->last_end = b->end;
	part->rows += b->rows;
	return 0;
}

static int ring_room(struct espy_store *s, const struct espy_store_block *b)
{
	int r = s->fd >= 0 && is_part_full(s, b) ? close_file(s) : 0;

	if (r == 0)
		r = espy_store_age(s, b->end);
	while (r == 0 && s->keep.bytes && s->parts.n > 1 && space(s, b->bytes) > s->keep.bytes)
		r = drop_oldest(s);
	if (r < 0)
		return r;
	if (s->keep.bytes && space(s, b->bytes) > s->keep.bytes) {
		note_dropped(s, b->rows, b->end);
		return 1;
	}
	return enter(s, b);
}

int espy_store_room(struct espy_store *s, const struct espy_store_block *b, uint64_t reserve)
{
	if (s->dir >= 0)
		return ring_room(s, b);
	return s->max && s->offset + b->bytes + reserve > s->max;
}

bool espy_store_fits(const struct espy_store *s, uint64_t n)
{
	if (s->dir >= 0)
		return !s->keep.bytes || space(s, n) <= s->keep.bytes;
	return !s->max || s->offset + n <= s->max;
}
