/* SPDX-License-Identifier: MIT */
#include "sense/iterate.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <unistd.h>

#define SNAPSHOT_MAX (256u << 20)

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

int espy_iterate(struct bpf_program *p, const struct bpf_map *map, struct espy_buf *b)
{
	union bpf_iter_link_info info = {.map.map_fd = map ? (unsigned)bpf_map__fd(map) : 0};
	LIBBPF_OPTS(bpf_iter_attach_opts, opts, .link_info = &info, .link_info_len = sizeof(info));
	struct bpf_link *link = bpf_program__attach_iter(p, map ? &opts : NULL);
	int fd, r;

	if (!link)
		return -errno;
	fd = bpf_iter_create(bpf_link__fd(link));
	r = fd < 0 ? fd : read_all(fd, b);
	if (fd >= 0)
		close(fd);
	bpf_link__destroy(link);
	return r;
}
