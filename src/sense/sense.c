/* SPDX-License-Identifier: MIT */
#include "sense/sense.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <linux/capability.h>
#include <unistd.h>
#include "sense/base.h"
#include "sense/pack.h"
#include "sense/plain.h"

/* --- choosing ------------------------------------------------------------------------------- */

static bool may_administer_network(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct caps[_LINUX_CAPABILITY_U32S_3] = {0};

	return syscall(SYS_capget, &head, caps) == 0 &&
	       caps[CAP_TO_INDEX(CAP_NET_ADMIN)].effective & CAP_TO_MASK(CAP_NET_ADMIN);
}

/* Would the plain pack do what is asked for, in its way? */
static bool plain_will_do(const struct espy_sense_options *o, int base_error)
{
	return base_error != -ENOMEM && base_error != -E2BIG && !o->clipboard && !o->lossless &&
	       !o->merge && may_administer_network();
}

/* A machine that takes no BPF programs still tells of its processes. The base pack's own error is
 * the one to give when that fails too. */
static int open_any(struct espy_sense **ret, const struct espy_sense_options *o,
		    struct espy_err *err)
{
	struct espy_err why = {0}, ignored = {0};
	int r = espy_base_ops.open(ret, o, &why);

	if (r >= 0)
		return r;
	if (!plain_will_do(o, r) || espy_plain_ops.open(ret, o, &ignored) < 0) {
		*err = why;
		return r;
	}
	snprintf((*ret)->note, sizeof((*ret)->note),
		 "only the life of processes and threads is seen (--pack plain), no files, network "
		 "or failed execs: %s",
		 why.text);
	return 0;
}

int espy_sense_open(struct espy_sense **ret, const struct espy_sense_options *o,
		    struct espy_err *err)
{
	switch (o->pack) {
	case ESPY_PACK_AUTO:
		return open_any(ret, o, err);
	case ESPY_PACK_PLAIN:
		return espy_plain_ops.open(ret, o, err);
	default:
		return espy_base_ops.open(ret, o, err);
	}
}

int espy_sense_probe(struct espy_sense_plus *ret, struct espy_err *err)
{
	return espy_base_probe(ret, err);
}

int espy_sense_probe_profile(struct espy_err *err)
{
	return espy_base_probe_profile(err);
}

int espy_sense_probe_plain(bool *ret_names, struct espy_err *err)
{
	return espy_plain_probe(ret_names, err);
}

/* --- handing on ----------------------------------------------------------------------------- */

void espy_sense_close(struct espy_sense *s)
{
	if (s)
		s->ops->close(s);
}

const char *espy_sense_packs(const struct espy_sense *s)
{
	return s->ops->packs(s);
}

const char *espy_sense_note(const struct espy_sense *s)
{
	return s->note;
}

bool espy_sense_sees(const struct espy_sense *s, unsigned type)
{
	return s->ops->sees(s, type);
}

void espy_sense_start(struct espy_sense *s)
{
	s->ops->start(s);
}

void espy_sense_stop(struct espy_sense *s)
{
	s->ops->stop(s);
}

int espy_sense_drain(struct espy_sense *s, bool all, espy_record_fn fn, void *ctx)
{
	return s->ops->drain(s, all, fn, ctx);
}

int espy_sense_snapshot(struct espy_sense *s, espy_record_fn fn, void *ctx, struct espy_err *err)
{
	return s->ops->snapshot(s, fn, ctx, err);
}

int espy_sense_count(struct espy_sense *s)
{
	return s->ops->count(s);
}

void espy_sense_new_epoch(struct espy_sense *s)
{
	s->ops->new_epoch(s);
}

int64_t espy_sense_alive(const struct espy_sense *s)
{
	return s->ops->alive(s);
}

void espy_sense_stats(const struct espy_sense *s, struct espy_sense_stats *ret)
{
	s->ops->stats(s, ret);
}

int espy_sense_measure(struct espy_sense *s)
{
	return s->ops->measure ? s->ops->measure(s) : -ENOTSUP;
}

size_t espy_sense_programs(const struct espy_sense *s, struct espy_sense_program *ret, size_t max)
{
	return s->ops->programs ? s->ops->programs(s, ret, max) : 0;
}
