/* SPDX-License-Identifier: MIT */
/* The tables behind the events of a PML file: processes with their modules, names of hosts and
 * ports. */
#pragma once

#include "base/map.h"
#include "format/pml-file.h"

#define ESPY_PML_PROCESSES_MAX (1u << 20)
#define ESPY_PML_MODULES_MAX   (1u << 22) /* of all processes */
#define ESPY_PML_HOSTS_MAX     (1u << 20)
#define ESPY_PML_PORTS_MAX     (1u << 17)
#define ESPY_PML_SIDS_MAX      (1u << 16)

struct espy_pml_module {
	uint64_t base;
	uint32_t size;
	uint32_t path, version, company, description; /* numbers of strings */
	uint32_t time;                                /* of its file, seconds since 1970 */
};

struct espy_pml_process {
	uint32_t index; /* by which events name it */
	uint32_t pid, ppid, parent;
	uint64_t auth_id, start, end; /* times are FILETIMEs, 0 not known */
	uint32_t session;
	bool is_virtualized, is_64;
	struct espy_str integrity, user, name, image, cmdline, company, version, description;
	struct espy_pml_module *modules; /* by address */
	uint32_t n_modules;
};

struct espy_pml_tables {
	struct espy_pml *file;
	struct espy_pml_process **processes; /* in the file's order */
	uint32_t n_processes;
	uint32_t n_modules;
	struct espy_map by_index; /* index + 1 to espy_pml_process */
	struct espy_map hosts;    /* address to struct espy_str */
	struct espy_map ports;    /* port, is TCP to struct espy_str */
	struct espy_map sids;     /* accounts by their SID: pml-sid.c */
	bool has_all_sids;
	const struct espy_pml_process *kernel; /* the one with pid 4; NULL when there is none */
};

/* Reads all of them; the file must stay open. 0, -EBADMSG with a sentence that names the offset,
 * or -ENOMEM. What was read before the damage is there. */
int espy_pml_tables_load(struct espy_pml_tables *t, struct espy_pml *f, struct espy_err *err);
void espy_pml_tables_done(struct espy_pml_tables *t);

/* By the index of an event; NULL when there is none. */
struct espy_pml_process *espy_pml_tables_process(const struct espy_pml_tables *t, uint32_t index);
/* Makes an entry for an index that has none (files that were not closed); NULL when memory is out
 * or there are too many. */
struct espy_pml_process *espy_pml_tables_add(struct espy_pml_tables *t, uint32_t index);

/* The names that Process Monitor had found out; empty when it had none. `ip` is 16 bytes. */
struct espy_str espy_pml_tables_host(const struct espy_pml_tables *t, const uint8_t *ip);
struct espy_str espy_pml_tables_port(const struct espy_pml_tables *t, uint16_t port, bool is_tcp);

/* The module at an address; NULL when none is there. */
const struct espy_pml_module *espy_pml_process_module(const struct espy_pml_process *p,
						      uint64_t address);
