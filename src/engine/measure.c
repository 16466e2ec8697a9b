/* SPDX-License-Identifier: MIT */
#include "engine/measure.h"
#include <errno.h>
#include "model/merged.h"
#include "engine/table.h"

static const struct espy_measure measures[] = {
#define MEASURE(id, title_, cell_, how_, of_, when_, side_, doc_, ...) \
	[ESPY_MEASURE_##id] = {                                        \
		.name = #id,                                           \
		.title = title_,                                       \
		.doc = doc_,                                           \
		.types = {__VA_ARGS__},                                \
		.cell = ESPY_CELL_##cell_,                             \
		.how = ESPY_HOW_##how_,                                \
		.of = ESPY_OF_##of_,                                   \
		.when = ESPY_WHEN_##when_,                             \
		.side = ESPY_SIDE_##side_,                             \
	},
#include "engine/measures.def"
};

const struct espy_measure *espy_measure_get(unsigned id)
{
	return id < ESPY_MEASURE__MAX ? &measures[id] : NULL;
}

bool espy_measure_is_hidden(unsigned id)
{
	return id == ESPY_MEASURE_timed || id == ESPY_MEASURE_made_at || id == ESPY_MEASURE_gone_at;
}

bool espy_measure_takes(const struct espy_measure *m, unsigned type)
{
	if (m->how == ESPY_HOW_RATIO)
		return false;
	if (m->types[0] == 0)
		return true;
	for (unsigned i = 0; i < ESPY_MEASURE_TYPES_MAX && m->types[i]; i++)
		if (m->types[i] == type)
			return true;
	return false;
}

bool espy_measure_failed(const struct espy_batch *b, uint32_t row)
{
	if (b->result[row] >= 0 || b->flags[row] & ESPY_F_PENDING)
		return false;
	if (b->type[row] == ESPY_EV_process_exit)
		return false;
	return !(b->type[row] == ESPY_EV_net_connect && b->result[row] == -EINPROGRESS);
}

static uint64_t field(const struct espy_batch *b, uint32_t row, unsigned f)
{
	return espy_batch_get(b, row, f).num;
}

uint64_t espy_measure_bytes(const struct espy_batch *b, uint32_t row)
{
	int64_t n = 0;

	switch (b->type[row]) {
	case ESPY_EV_file_read:
	case ESPY_EV_file_reads:
	case ESPY_EV_file_write:
	case ESPY_EV_file_writes:
	case ESPY_EV_file_copy:
		n = b->result[row];
		break;
	case ESPY_EV_net_send: /* the result of sendmmsg counts messages */
		n = (int64_t)field(b, row, ESPY_FIELD_net_send_bytes);
		break;
	case ESPY_EV_net_recv:
		n = (int64_t)field(b, row, ESPY_FIELD_net_recv_bytes);
		break;
	}
	return n > 0 ? (uint64_t)n : 0;
}

bool espy_measure_created(const struct espy_batch *b, uint32_t row)
{
	return b->type[row] != ESPY_EV_file_open ||
	       field(b, row, ESPY_FIELD_file_open_created) != 0;
}

struct espy_str espy_measure_path2(const struct espy_batch *b, uint32_t row)
{
	switch (b->type[row]) {
	case ESPY_EV_file_copy:
		return espy_batch_get(b, row, ESPY_FIELD_file_copy_path2).str;
	case ESPY_EV_file_rename:
		return espy_batch_get(b, row, ESPY_FIELD_file_rename_path2).str;
	case ESPY_EV_file_link:
		return espy_batch_get(b, row, ESPY_FIELD_file_link_path2).str;
	}
	return ESPY_STR_NONE;
}

static bool counts(const struct espy_measure *m, const struct espy_batch *b, uint32_t row)
{
	switch (m->when) {
	case ESPY_WHEN_GOOD:
		return b->result[row] >= 0 && !(b->flags[row] & ESPY_F_PENDING);
	case ESPY_WHEN_FAILED:
		return espy_measure_failed(b, row);
	}
	return true;
}

static uint64_t exit_field(const struct espy_batch *b, uint32_t row, unsigned of)
{
	if (b->type[row] != ESPY_EV_process_exit)
		return 0;
	if (of == ESPY_OF_MEMORY)
		return field(b, row, ESPY_FIELD_process_exit_peak_memory);
	return field(b, row, ESPY_FIELD_process_exit_user_time) +
	       field(b, row, ESPY_FIELD_process_exit_system_time);
}

uint64_t espy_measure_row(const struct espy_measure *m, const struct espy_batch *b, uint32_t row,
			  unsigned sides)
{
	if (!(m->side & sides) || !counts(m, b, row))
		return 0;
	switch (m->of) {
	case ESPY_OF_ONE:
		return espy_merged_times(b, row);
	case ESPY_OF_DURATION:
		return m->how == ESPY_HOW_MAX ? b->duration[row] / espy_merged_times(b, row)
					      : b->duration[row];
	case ESPY_OF_TIMED:
		return b->flags[row] & ESPY_F_NO_ENTRY ? 0 : espy_merged_times(b, row);
	case ESPY_OF_BYTES:
		return espy_measure_bytes(b, row);
	case ESPY_OF_CPU:
	case ESPY_OF_MEMORY:
		return exit_field(b, row, m->of);
	case ESPY_OF_CREATED:
		return espy_measure_created(b, row);
	case ESPY_OF_MADE_AT:
		return espy_measure_created(b, row) ? b->time[row] + 1 : 0;
	case ESPY_OF_TIME:
		return b->time[row] + 1;
	case ESPY_OF_PATH:
		return b->path[row] != 0;
	}
	return 1;
}
