/* SPDX-License-Identifier: MIT */
#include "sense/iterate.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <unistd.h>

#define SNAPSHOT_MAX (256u << 20)
#define KEY_MAX      64

/* All of the iterator's output; the objects that it mentions are in the rings by then. */
static int read_all(int fd, struct espy_buf *b)
{
	for (;;) {
		ssize_t got;

		if (b->n > SNAPSHOT_MAX || espy_buf_reserve(b, 1u << 16) < 0)
			return -ENOMEM;
		got = read(fd, b->p + b->n, b->cap - b->n);
		if (got == 0)
			return 0;
		if (got < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		b->n += got > 0 ? (size_t)got : 0;
	}
}

/* An iterator goes through empty buckets ten times as slowly as a look for the first key. */
static bool is_empty(const struct bpf_map *map)
{
	char key[KEY_MAX];

	return bpf_map__key_size(map) <= sizeof(key) &&
	       bpf_map_get_next_key(bpf_map__fd(map), NULL, key) == -ENOENT;
}

int espy_iterate(int program, const struct bpf_map *map, struct espy_buf *b)
{
	union bpf_iter_link_info info = {.map.map_fd = map ? (unsigned)bpf_map__fd(map) : 0};
	LIBBPF_OPTS(bpf_link_create_opts, opts, .iter_info = &info, .iter_info_len = sizeof(info));
	int link, fd, r;

	if (program < 0)
		return program;
	if (map && is_empty(map))
		return 0;
	link = bpf_link_create(program, 0, BPF_TRACE_ITER, map ? &opts : NULL);
	if (link < 0)
		return link;
	fd = bpf_iter_create(link);
	r = fd < 0 ? fd : read_all(fd, b);
	if (fd >= 0)
		close(fd);
	close(link);
	return r;
}
