/* SPDX-License-Identifier: MIT */
/*
 * programs: what the kernel tells about its BPF programs. Reads a word a line, answers each with
 * lines and an empty line:
 *
 *     stats   counts runs and time of every program from now on (5.8 and newer); that ends with
 * this process, whatever happens to it runs    "id name runs ns" of each program that ran links "id
 * tracepoint" of each program on entry or exit of system calls, whoever put it there
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>

#define NAME_MAX_BYTES 64

static void print_runs(void)
{
	for (unsigned id = 0; bpf_prog_get_next_id(id, &id) == 0;) {
		struct bpf_prog_info info = {0};
		__u32 len = sizeof(info);
		int fd = bpf_prog_get_fd_by_id(id);

		if (fd < 0)
			continue;
		if (bpf_obj_get_info_by_fd(fd, &info, &len) == 0 && info.run_cnt)
			printf("%u %s %llu %llu\n", id, info.name, (unsigned long long)info.run_cnt,
			       (unsigned long long)info.run_time_ns);
		close(fd);
	}
}

static void print_link(int fd)
{
	char name[NAME_MAX_BYTES] = "";
	struct bpf_link_info info = {0};
	__u32 len = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &len) < 0 ||
	    info.type != BPF_LINK_TYPE_RAW_TRACEPOINT)
		return;
	memset(&info, 0, sizeof(info));
	info.raw_tracepoint.tp_name = (uintptr_t)name;
	info.raw_tracepoint.tp_name_len = sizeof(name);
	len = sizeof(info);
	if (bpf_obj_get_info_by_fd(fd, &info, &len) == 0 &&
	    (!strcmp(name, "sys_enter") || !strcmp(name, "sys_exit")))
		printf("%u %s\n", info.prog_id, name);
}

static void print_links(void)
{
	for (unsigned id = 0; bpf_link_get_next_id(id, &id) == 0;) {
		int fd = bpf_link_get_fd_by_id(id);

		if (fd < 0)
			continue;
		print_link(fd);
		close(fd);
	}
}

int main(void)
{
	char line[NAME_MAX_BYTES];

	while (fgets(line, sizeof(line), stdin)) {
		if (!strcmp(line, "stats\n") && bpf_enable_stats(BPF_STATS_RUN_TIME) < 0)
			printf("error %s\n", strerror(errno));
		else if (!strcmp(line, "runs\n"))
			print_runs();
		else if (!strcmp(line, "links\n"))
			print_links();
		putchar('\n');
		fflush(stdout);
	}
	return 0;
}
