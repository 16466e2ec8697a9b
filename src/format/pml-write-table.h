/* SPDX-License-Identifier: MIT */
/*
 * The tables behind the events of a PML file while it is written: processes with their modules,
 * strings, names of hosts and ports.
 *
 * A process has an entry for each image it ran: an entry has one name and one command line. The
 * first entry is the kernel's, pid 4, without which Process Monitor cannot resolve kernel
 * addresses.
 */
#pragma once

#include "base/vec.h"
#include "format/pml-write-bytes.h"
#include "format/pml-write-detail.h"
#include "model/batch.h"
#include "model/machine.h"

#define ESPY_PML_WRITE_PROCESSES_MAX (1u << 24)

struct espy_pml_write_module {
	uint64_t base;
	uint32_t size, path; /* path: number of a string */
};

struct espy_pml_write_process {
	uint32_t pid, ppid, parent, session;
	uint64_t auth_id, start, end; /* times are FILETIMEs */
	bool is_virtualized, is_64;
	uint32_t strings[8]; /* integrity, user, name, image, command line, company, version,
				description */
	ESPY_VEC(struct espy_pml_write_module) modules;
};

struct espy_pml_write_tables {
	struct espy_dict strings;
	struct espy_dict keys;    /* what tells processes apart: id 1 is process 0 */
	struct espy_dict modules; /* process and base of each module: id 1 is place 0 of … */
	ESPY_VEC(uint32_t) module_places; /* … these places in the process's list */
	ESPY_VEC(struct espy_pml_write_process) processes;
	struct espy_dict hosts, ports; /* keys of what is in the two buffers */
	struct espy_buf host_rows, port_rows;
	uint32_t n_hosts, n_ports;
	struct espy_buf scratch;
	/* Process entries of the batch to ours, UINT32_MAX not yet; made anew for each batch. */
	uint32_t *of_batch;
	size_t of_batch_cap;
	bool has_system; /* the capture has a process 4 of its own */
};

/* 0 or -ENOMEM; with the kernel's entry. `m` may be NULL. */
int espy_pml_write_tables_init(struct espy_pml_write_tables *t, const struct espy_machine *m);
void espy_pml_write_tables_done(struct espy_pml_write_tables *t);

/* Before the rows of a batch. 0 or -ENOMEM. */
int espy_pml_write_tables_batch(struct espy_pml_write_tables *t, const struct espy_batch *b);
/* Index of the entry for a process of that batch; a negative errno: -ENOMEM, -E2BIG. */
int64_t espy_pml_write_tables_process(struct espy_pml_write_tables *t, const struct espy_batch *b,
				      uint32_t proc);
/* A file that a process mapped, or as much as is known of it: the largest size of one base counts.
 * 0 or -ENOMEM. */
int espy_pml_write_tables_module(struct espy_pml_write_tables *t, uint32_t process, uint64_t base,
				 uint64_t size, struct espy_str path);
/* Names that stand for an address and a port. */
void espy_pml_write_tables_host(struct espy_pml_write_tables *t, const uint8_t *ip,
				struct espy_str name);
void espy_pml_write_tables_port(struct espy_pml_write_tables *t, uint16_t port, bool is_tcp,
				struct espy_str name);

/* Append the sections. -EFBIG when one does not fit into 32-bit offsets. */
int espy_pml_write_processes(const struct espy_pml_write_tables *t, struct espy_buf *out);
int espy_pml_write_strings(const struct espy_pml_write_tables *t, struct espy_buf *out);
void espy_pml_write_icons(struct espy_buf *out);
void espy_pml_write_hosts(const struct espy_pml_write_tables *t, struct espy_buf *out);

/* FILETIME of a boot-clock time; 0 for 0. */
uint64_t espy_pml_write_time(const struct espy_batch *b, uint64_t boot_ns);
