/* SPDX-License-Identifier: MIT */
#include "enrich/identify.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>
#include "base/thread.h"

#include "enrich/more.h"

#define OVERLAYFS_MAGIC 0x794c7630
#define NICE            10 /* hashing has time, what is recorded has not */
#define NS_PER_SEC      1000000000ll

struct list {
	struct espy_identity *head, **tail;
	size_t n;
};

struct espy_identify {
	struct espy_identify_options o;
	struct espy_map map; /* (inode, device) → the latest version */
	ESPY_VEC(struct espy_identity *) all;
	struct list refused; /* answered without the thread */

	pthread_t thread;
	bool has_thread;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t work, rest;
	struct list todo, answers;
	bool ending, idle;
	atomic_size_t n_answers;
	atomic_bool stop; /* of the file that is being read */

	struct espy_hasher *hasher; /* the thread's, as is what follows */
	struct espy_packages packages;
};

/* --- lists ---------------------------------------------------------------------------------- */

static void list_init(struct list *l)
{
	*l = (struct list){.tail = &l->head};
}

static void list_add(struct list *l, struct espy_identity *i)
{
	i->next = NULL;
	*l->tail = i;
	l->tail = &i->next;
	l->n++;
}

static struct espy_identity *list_take(struct list *l)
{
	struct espy_identity *i = l->head;

	if (!i)
		return NULL;
	l->head = i->next;
	l->n--;
	if (!l->head)
		l->tail = &l->head;
	return i;
}

/* --- the file ------------------------------------------------------------------------------- */

static int64_t ns_of(const struct timespec *t)
{
	return t->tv_sec * NS_PER_SEC + t->tv_nsec;
}

/* File systems of the kernel's own making (overlayfs, btrfs) may give stat(2) another device than
 * their inodes have, but both are then without a major number; overlayfs may number files anew. */
static bool is_place(int fd, const struct stat *st, const struct espy_version *v)
{
	dev_t dev = makedev(v->dev >> 20, v->dev & 0xfffff);
	struct statfs fs;

	if (st->st_ino == v->inode)
		return st->st_dev == dev || (major(st->st_dev) == 0 && major(dev) == 0);
	return fstatfs(fd, &fs) == 0 && fs.f_type == OVERLAYFS_MAGIC &&
	       ns_of(&st->st_ctim) == v->ctime;
}

static unsigned compare(int fd, const struct espy_version *v)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return ESPY_IDENTITY_GONE;
	if (!S_ISREG(st.st_mode) || !is_place(fd, &st, v) || (uint64_t)st.st_size != v->size ||
	    ns_of(&st.st_mtim) != v->mtime)
		return ESPY_IDENTITY_CHANGED;
	return ns_of(&st.st_ctim) == v->ctime ? ESPY_IDENTITY_DONE : ESPY_IDENTITY_TOUCHED;
}

/* Looks first and opens then: opening a device or a FIFO could do harm or wait. */
static int open_version(const char *path, int flags, const struct espy_version *v,
			unsigned *ret_status)
{
	int place = open(path, O_PATH | O_CLOEXEC | flags), fd = -1;
	char self[32];
	unsigned status;

	if (place < 0)
		return -1;
	status = compare(place, v);
	snprintf(self, sizeof(self), "/proc/self/fd/%d", place);
	if (status <= ESPY_IDENTITY_TOUCHED)
		fd = open(self, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	else
		*ret_status = status;
	close(place);
	return fd;
}

static int open_file(const struct espy_identity *i, unsigned *ret_status)
{
	char path[PATH_MAX + 32];
	int fd = -1;

	*ret_status = ESPY_IDENTITY_GONE;
	if (i->is_exe) {
		snprintf(path, sizeof(path), "/proc/%u/exe", i->pid);
		fd = open_version(path, 0, &i->version, ret_status);
		if (fd < 0) /* the number may be another process's by now */
			*ret_status = ESPY_IDENTITY_GONE;
	}
	if (fd < 0 && i->path[0] == '/')
		fd = open_version(i->path, O_NOFOLLOW, &i->version, ret_status);
	if (fd < 0 && i->path[0] == '/') {
		snprintf(path, sizeof(path), "/proc/%u/root%s", i->pid, i->path);
		fd = open_version(path, O_NOFOLLOW, &i->version, ret_status);
	}
	return fd;
}

static unsigned read_file(struct espy_identify *t, struct espy_identity *i, int fd)
{
	uint64_t max = t->o.max_bytes ? t->o.max_bytes : ESPY_IDENTIFY_FILE_MAX;
	unsigned status;
	int r = 0;

	if (i->version.size > max)
		return ESPY_IDENTITY_TOO_LARGE;
	if (t->o.kinds)
		r = espy_hasher_file(t->hasher, fd, max, &t->stop, &i->hashes);
	status = compare(fd, &i->version);
	if (r == -ECANCELED)
		return ESPY_IDENTITY_UNFINISHED;
	if (status > ESPY_IDENTITY_TOUCHED)
		i->hashes = (struct espy_hashes){0};
	return r == 0 ? status : status > ESPY_IDENTITY_TOUCHED ? status : ESPY_IDENTITY_GONE;
}

/* The distribution's lists are of this system's own tree, not of a container's. */
static void find_package(struct espy_identify *t, struct espy_identity *i)
{
	unsigned status;
	int fd = open_version(i->path, O_NOFOLLOW, &i->version, &status);

	if (fd < 0)
		return;
	close(fd);
	espy_package_of(&t->packages, espy_str0(i->path), i->package);
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)ns_of(&t);
}

static unsigned work_on(struct espy_identify *t, struct espy_identity *i)
{
	uint64_t began = now_ns();
	unsigned status;
	int fd = open_file(i, &status);

	if (fd >= 0) {
		status = read_file(t, i, fd);
		close(fd);
	}
	if (status <= ESPY_IDENTITY_TOUCHED && t->o.packages)
		find_package(t, i);
	i->took_ns = now_ns() - began;
	return status;
}

/* --- the thread ----------------------------------------------------------------------------- */

static void answer(struct espy_identify *t, struct espy_identity *i, unsigned status)
{
	i->found = (uint8_t)status;
	list_add(&t->answers, i);
	atomic_fetch_add(&t->n_answers, 1);
}

static void *thread_main(void *arg)
{
	struct espy_identify *t = arg;
	struct espy_identity *i;
	unsigned status;

	if (t->o.packages) /* now, while the sensor is being loaded: later, files would wait for it
			    */
		espy_packages_read(&t->packages);
	setpriority(PRIO_PROCESS, (id_t)gettid(), NICE);
	pthread_mutex_lock(&t->lock);
	for (;;) {
		while (!t->todo.head && !t->ending) {
			t->idle = true;
			pthread_cond_signal(&t->rest);
			pthread_cond_wait(&t->work, &t->lock);
		}
		i = list_take(&t->todo);
		if (!i)
			break;
		t->idle = false;
		pthread_mutex_unlock(&t->lock);
		status = work_on(t, i);
		pthread_mutex_lock(&t->lock);
		answer(t, i, status);
	}
	t->idle = true;
	pthread_mutex_unlock(&t->lock);
	return NULL;
}

static int start_thread(struct espy_identify *t, struct espy_err *err)
{
	int r = espy_thread_start(&t->thread, thread_main, t);

	if (r < 0)
		return espy_err_set(err, r, "cannot start the thread that reads executables: %s",
				    strerror(-r));
	espy_thread_name(t->thread, "espy-hash");
	t->has_thread = true;
	return 0;
}

int espy_identify_new(struct espy_identify **ret, const struct espy_identify_options *o,
		      struct espy_err *err)
{
	struct espy_identify *t = calloc(1, sizeof(*t));
	pthread_condattr_t clock;
	int r;

	if (!t)
		return -ENOMEM;
	t->o = *o;
	list_init(&t->todo);
	list_init(&t->answers);
	list_init(&t->refused);
	pthread_mutex_init(&t->lock, NULL);
	pthread_cond_init(&t->work, NULL);
	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_cond_init(&t->rest, &clock);
	pthread_condattr_destroy(&clock);
	espy_packages_init(&t->packages, o->package_dir);
	r = espy_hasher_new(&t->hasher, o->kinds, err);
	if (r == 0)
		r = start_thread(t, err);
	if (r < 0) {
		espy_identify_free(t);
		return r;
	}
	*ret = t;
	return 0;
}

void espy_identify_free(struct espy_identify *t)
{
	if (!t)
		return;
	espy_identify_end(t, 0);
	for (size_t i = 0; i < t->all.n; i++)
		free(t->all.v[i]);
	espy_vec_done(&t->all);
	espy_map_done(&t->map);
	espy_hasher_free(t->hasher);
	espy_packages_done(&t->packages);
	pthread_mutex_destroy(&t->lock);
	pthread_cond_destroy(&t->work);
	pthread_cond_destroy(&t->rest);
	free(t);
}

/* --- questions and answers ------------------------------------------------------------------ */

static bool same_version(const struct espy_version *a, const struct espy_version *b)
{
	return a->inode == b->inode && a->size == b->size && a->mtime == b->mtime &&
	       a->ctime == b->ctime && a->dev == b->dev;
}

static struct espy_identity *new_identity(struct espy_identify *t, const struct espy_version *v,
					  struct espy_str path)
{
	struct espy_identity *i = calloc(1, sizeof(*i) + path.n + 1);

	if (!i)
		return NULL;
	i->version = *v;
	i->status = ESPY_IDENTITY_WAITING;
	memcpy(i->path, path.p, path.n);
	if (espy_vec_push(&t->all, i) < 0) {
		free(i);
		return NULL;
	}
	if (espy_map_put(&t->map, v->inode, v->dev, i) < 0) {
		t->all.n--;
		free(i);
		return NULL;
	}
	return i;
}

static void hand_over(struct espy_identify *t, struct espy_identity *i)
{
	bool is_full;

	pthread_mutex_lock(&t->lock);
	is_full = t->todo.n >= ESPY_IDENTIFY_QUEUE_MAX || t->ending;
	if (!is_full) {
		t->idle = false;
		list_add(&t->todo, i);
		pthread_cond_signal(&t->work);
	}
	pthread_mutex_unlock(&t->lock);
	if (!is_full)
		return;
	i->status = ESPY_IDENTITY_BUSY;
	espy_map_del(&t->map, i->version.inode, i->version.dev);
	list_add(&t->refused, i);
}

const struct espy_identity *espy_identify_find(struct espy_identify *t,
					       const struct espy_version *v)
{
	struct espy_identity *i = espy_map_get(&t->map, v->inode, v->dev);

	return i && same_version(&i->version, v) ? i : NULL;
}

const struct espy_identity *espy_identify_ask(struct espy_identify *t, const struct espy_version *v,
					      struct espy_str path, uint32_t pid, uint64_t start,
					      bool is_exe)
{
	const struct espy_identity *known;
	struct espy_identity *i;

	if (!v->inode || path.n >= PATH_MAX)
		return NULL;
	known = espy_identify_find(t, v);
	if (known)
		return known;
	i = t->all.n < (size_t)2 * ESPY_IDENTITIES_MAX ? new_identity(t, v, path) : NULL;
	if (!i)
		return NULL;
	i->pid = pid;
	i->start = start;
	i->is_exe = is_exe;
	hand_over(t, i);
	return i;
}

const struct espy_identity *espy_identify_next(struct espy_identify *t)
{
	struct espy_identity *i = list_take(&t->refused);

	if (i || atomic_load(&t->n_answers) == 0)
		return i;
	pthread_mutex_lock(&t->lock);
	i = list_take(&t->answers);
	pthread_mutex_unlock(&t->lock);
	if (i) {
		atomic_fetch_sub(&t->n_answers, 1);
		i->status = i->found;
	}
	return i;
}

void espy_identify_end(struct espy_identify *t, uint64_t wait_ns)
{
	uint64_t until = now_ns() + wait_ns;
	struct timespec at = {(time_t)(until / NS_PER_SEC), (long)(until % NS_PER_SEC)};
	struct espy_identity *i;
	int r = 0;

	if (!t->has_thread)
		return;
	pthread_mutex_lock(&t->lock);
	while (wait_ns && r == 0 && (t->todo.head || !t->idle))
		r = pthread_cond_timedwait(&t->rest, &t->lock, &at);
	t->ending = true;
	while ((i = list_take(&t->todo)))
		answer(t, i, ESPY_IDENTITY_UNFINISHED);
	atomic_store(&t->stop, true);
	pthread_cond_signal(&t->work);
	pthread_mutex_unlock(&t->lock);
	pthread_join(t->thread, NULL);
	t->has_thread = false;
}

static bool is_resting(struct espy_identify *t)
{
	bool is_idle;

	pthread_mutex_lock(&t->lock);
	is_idle = !t->todo.head && t->idle && !t->answers.head;
	pthread_mutex_unlock(&t->lock);
	return is_idle && !t->refused.head;
}

/* All of it goes: what is asked for again is read again. */
void espy_identify_forget(struct espy_identify *t)
{
	if (t->all.n < ESPY_IDENTITIES_MAX || !is_resting(t))
		return;
	for (size_t i = 0; i < t->all.n; i++)
		free(t->all.v[i]);
	t->all.n = 0;
	espy_map_done(&t->map);
	t->map = (struct espy_map){0};
}

void espy_identity_words(struct espy_buf *to, const struct espy_identity *i)
{
	if (i->status != ESPY_IDENTITY_DONE)
		return;
	for (unsigned k = 0; k < ESPY_HASH__MAX; k++)
		espy_more_word(to, espy_hash_names[k], espy_str0(i->hashes.hex[k]));
	espy_more_word(to, "package", espy_str0(i->package));
}
