/* SPDX-License-Identifier: MIT */
/* Values of the Elastic Common Schema that no column holds as they are. Each appends one JSON value
 * and returns true, or returns false: the event has none. */
#pragma once

#include "format/format.h"

struct espy_ecs {
	struct espy_writer *w;
	const struct espy_batch *b;
	uint32_t row;
	const struct espy_schema *schema;
	const struct espy_proc *proc; /* NULL: the row names none */
	struct espy_buf *out;
	/* Text that was not UTF-8 was replaced; which, the caller knows. */
	bool replaced;
};

typedef bool espy_ecs_fn(struct espy_ecs *e, const struct espy_column *c);

/* The functions that ecs.def names. */
espy_ecs_fn espy_ecs_add_time, espy_ecs_add_end, espy_ecs_add_start, espy_ecs_add_version,
	espy_ecs_add_category, espy_ecs_add_type, espy_ecs_add_dataset, espy_ecs_add_kind,
	espy_ecs_add_module, espy_ecs_add_outcome, espy_ecs_add_file_name, espy_ecs_add_directory,
	espy_ecs_add_extension, espy_ecs_add_arch, espy_ecs_add_boot, espy_ecs_add_host,
	espy_ecs_add_os, espy_ecs_add_kernel, espy_ecs_add_os_type, espy_ecs_add_network_type,
	espy_ecs_add_args, espy_ecs_add_args_count, espy_ecs_add_command_line, espy_ecs_add_entity,
	espy_ecs_add_parent_entity, espy_ecs_add_source, espy_ecs_add_source_ip,
	espy_ecs_add_source_port, espy_ecs_add_destination, espy_ecs_add_destination_ip,
	espy_ecs_add_destination_port, espy_ecs_add_fields, espy_ecs_add_pending,
	espy_ecs_add_truncated;
/* A JSON string; notes what was replaced. */
void espy_ecs_string(struct espy_ecs *e, struct espy_str s);
