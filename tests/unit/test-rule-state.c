/* SPDX-License-Identifier: MIT */
/* Conditions that remember rows before: between(), same_file(), follow(). Each story is told once
 * in one batch and once with every row in a batch of its own. */
#include "test-rule.h"

#define ROWS_MAX 32

struct row {
	unsigned type;
	enum sample_proc proc;
	int64_t result;
	const char *path, *call;
	struct {
		const char *field;
		uint64_t v;
	} nums[4];
	const char *path2;
};

static struct espy_batch *new_batch(void)
{
	struct espy_batch *b;

	assert_int_equal(espy_batch_new(&b), 0);
	b->first_seq = 1;
	b->wall_offset = SAMPLE_WALL;
	sample_procs(b);
	return b;
}

static void add(struct espy_batch *b, const struct row *r)
{
	uint32_t row = sample_row(b, r->type, r->proc, b->n * SEC, r->result, 1000, r->path);

	if (r->call)
		sample_call(b, row, ESPY_ABI_NATIVE, r->call);
	for (size_t i = 0; i < 4 && r->nums[i].field; i++)
		sample_num(b, row, r->nums[i].field, r->nums[i].v);
	if (r->path2)
		sample_text(b, row, "path2", r->path2);
}

/* Rows `size` at a time; the letters of those that match go to `got`. */
static void run(const struct row *rows, size_t n, size_t size, const char *text, char *got)
{
	struct espy_rule *r = rule_of(text);
	uint64_t bits[1];
	size_t hits = 0;

	for (size_t first = 0; first < n; first += size) {
		struct espy_batch *b = new_batch();

		for (size_t i = first; i < n && i < first + size; i++)
			add(b, &rows[i]);
		assert_true(espy_rule_match(r, b, bits) >= 0);
		for (uint32_t i = 0; i < b->n; i++)
			if (espy_rule_bit(bits, i))
				got[hits++] = (char)('a' + first + i);
		espy_batch_free(b);
	}
	got[hits] = '\0';
	espy_rule_free(r);
}

static void tell(const struct row *rows, size_t n, const char *text, const char *letters)
{
	static const size_t sizes[] = {ROWS_MAX, 1, 3};
	char got[ROWS_MAX + 1];

	assert_true(n <= ROWS_MAX);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		run(rows, n, sizes[i], text, got);
		if (strcmp(got, letters) != 0)
			fail_msg("%s: matches \"%s\", not \"%s\", %zu rows at a time", text, got,
				 letters, sizes[i]);
	}
}
#define TELL(rows, text, letters) tell(rows, sizeof(rows) / sizeof((rows)[0]), text, letters)

/* --- between ------------------------------------------------------------------------------------
 */

static void between(void **state)
{
	static const struct row rows[] = {
		{ESPY_EV_file_stat, CC, 0, "/a", "stat"},   /* a */
		{ESPY_EV_file_open, CC, 3, "/b", "openat"}, /* b */
		{ESPY_EV_file_stat, CC, 0, "/c", "stat"},   /* c */
		{ESPY_EV_file_open, CC, 3, "/d", "openat"}, /* d */
		{ESPY_EV_file_stat, CC, 0, "/e", "stat"},   /* e */
		{ESPY_EV_file_chmod, CC, 0, "/f", "chmod"}, /* f */
		{ESPY_EV_file_stat, CC, 0, "/g", "stat"},   /* g */
		{ESPY_EV_file_chmod, CC, 0, "/h", "chmod"}, /* h */
		{ESPY_EV_file_open, CC, 3, "/i", "openat"}, /* i */
		{ESPY_EV_file_stat, CC, 0, "/j", "stat"},   /* j */
	};

	(void)state;
	TELL(rows, "between(open, chmod)", "bcdefij");
	TELL(rows, "not between(open, chmod)", "agh");
	TELL(rows, "stat and between(open, chmod)", "cej");
	TELL(rows, "between(open, open)", "bcdij"); /* what ends is not also a beginning */
	TELL(rows, "between(path == /c, path == /e or path == /d)", "cd");
	TELL(rows, "between(path in (/a, /h), path == /nosuch)", "abcdefghij");
	TELL(rows, "between(path == /nosuch, stat)", "");
	TELL(rows, "between((open, chmod), stat)", "bcdefghij");
	TELL(rows, "between(between(open, chmod) and stat, path == /f)", "cdefj");
	TELL(rows, "between(path == /b, chmod) or between(path == /h, stat)", "bcdefhij");
}

/* Random rows and batches against a plain loop. */
static void between_at_random(void **state)
{
	uint64_t seed = 1;
	unsigned hits = 0;

	(void)state;
	for (unsigned run = 0; run < 300; run++) {
		struct espy_rule *r = rule_of("between(cpu in (0, 1), cpu in (1, 2))");
		bool open = false;

		for (unsigned batch = 0; batch < 4; batch++) {
			struct espy_batch *b = new_batch();
			uint64_t bits[ESPY_RULE_WORDS(512)];
			unsigned n, span;

			seed = seed * 6364136223846793005ull + 1442695040888963407ull;
			n = 1 + (unsigned)(seed >> 40) % 400;
			span = 3 + (unsigned)(seed >> 20) % 200;
			for (unsigned i = 0; i < n; i++) {
				struct row row = {ESPY_EV_file_stat, CC, 0, "/a", "stat"};

				add(b, &row);
				seed = seed * 6364136223846793005ull + 1442695040888963407ull;
				b->cpu[i] = (uint16_t)((seed >> 33) % span);
			}
			assert_true(espy_rule_match(r, b, bits) >= 0);
			for (unsigned i = 0; i < n; i++) {
				bool was = open;

				open = was ? b->cpu[i] != 1 && b->cpu[i] != 2 : b->cpu[i] <= 1;
				assert_int_equal(espy_rule_bit(bits, i), was || open);
				hits += was || open;
			}
			espy_batch_free(b);
		}
		espy_rule_free(r);
	}
	assert_true(hits > 1000);
}

/* --- same_file ----------------------------------------------------------------------------------
 */

static void same_file(void **state)
{
	static const struct row rows[] = {
		{ESPY_EV_file_open, CC, 3, "/d/a", "openat"},                    /* a */
		{ESPY_EV_file_rename, CC, 0, "/d/a", "rename", {{0}}, "/d/b"},   /* b */
		{ESPY_EV_file_read, CC, 9, "/d/b", "read"},                      /* c */
		{ESPY_EV_file_link, CC, 0, "/d/b", "link", {{0}}, "/e/c"},       /* d */
		{ESPY_EV_file_stat, CC, 0, "/e/c", "stat"},                      /* e */
		{ESPY_EV_file_rename, CC, -1, "/d/b", "rename", {{0}}, "/d/no"}, /* f */
		{ESPY_EV_file_stat, CC, 0, "/d/no", "stat"},                     /* g */
		{ESPY_EV_file_rename, CC, 0, "/d", "rename", {{0}}, "/new"},     /* h */
		{ESPY_EV_file_stat, CC, 0, "/new/b", "stat"},                    /* i */
		{ESPY_EV_file_stat, CC, 0, "/d/b", "stat"},                      /* j */
		{ESPY_EV_file_rename, CC, 0, "/x", "rename", {{0}}, "/new/b"},   /* k */
		{ESPY_EV_file_stat, CC, 0, "/new/b", "stat"},                    /* l */
		{ESPY_EV_file_read, CC, 9, "/new/b (deleted)", "read"},          /* m */
		{ESPY_EV_file_unlink, CC, 0, "/e/c", "unlink"},                  /* n */
		{ESPY_EV_file_open, CC, 3, "/e/c", "openat"},                    /* o */
		{ESPY_EV_file_read, CC, 9, "/e/c (deleted)", "read"},            /* p */
		{ESPY_EV_file_open, CC, 3, "/d/a", "openat"},                    /* q */
		{ESPY_EV_file_stat, CC, 0, "/d/ab", "stat"},                     /* r */
	};
	static const struct row exchange[] = {
		{ESPY_EV_file_rename, CC, 0, "/a", "renameat2", {{"flags", 2}}, "/b"}, /* a */
		{ESPY_EV_file_stat, CC, 0, "/b", "stat"},                              /* b */
		{ESPY_EV_file_rename, CC, 0, "/c", "renameat2", {{"flags", 2}}, "/b"}, /* c */
		{ESPY_EV_file_stat, CC, 0, "/c", "stat"},                              /* d */
		{ESPY_EV_file_stat, CC, 0, "/b", "stat"},                              /* e */
	};

	(void)state;
	TELL(rows, "same_file(/d/a)", "abcdefikmnpq");
	TELL(rows, "same_file(/d/a) and stat", "ei");
	TELL(rows, "same_file(/x)", "kl");
	TELL(rows, "same_file(/x, \"/d/ab\")", "klr");
	TELL(rows, "same_file(/nosuch)", "");
	TELL(exchange, "same_file(/a)", "abcd");
}

static void same_file_has_room(void **state)
{
	struct espy_rule *r = rule_of("same_file(/a)");
	struct espy_batch *b = new_batch();
	uint64_t *bits;
	char name[32];

	(void)state;
	for (unsigned i = 0; i < 2000; i++) {
		struct row row = {ESPY_EV_file_link, CC, 0, "/a", "link", {{0}}, name};

		snprintf(name, sizeof(name), "/link/%u", i);
		add(b, &row);
	}
	bits = calloc(ESPY_RULE_WORDS(b->n), sizeof(*bits));
	assert_non_null(bits);
	assert_int_equal(espy_rule_match(r, b, bits), 2000);
	assert_int_equal(espy_rule_dropped(r), 2000 + 1 - 1024);
	free(bits);
	espy_batch_free(b);
	espy_rule_free(r);
}

/* --- follow -------------------------------------------------------------------------------------
 */

static void follow_one_descriptor(void **state)
{
	static const struct row rows[] = {
		{ESPY_EV_file_open, CC, 3, "/a", "openat"},                  /* a */
		{ESPY_EV_file_open, CC, 4, "/b", "openat"},                  /* b */
		{ESPY_EV_file_read, CC, 9, "/a", "read"},                    /* c */
		{ESPY_EV_file_read, CC, 9, "/b", "read"},                    /* d */
		{ESPY_EV_file_stat, CC, 0, "/a", "stat"},                    /* e: by path */
		{ESPY_EV_file_stat, CC, 0, "/a", "fstat"},                   /* f */
		{ESPY_EV_file_read, MAKE, 9, "/a", "read"},                  /* g: other */
		{ESPY_EV_file_rename, MAKE, 0, "/a", "rename", {{0}}, "/z"}, /* h */
		{ESPY_EV_file_write, CC, 9, "/z", "write"},                  /* i */
		{ESPY_EV_file_write, CC, 9, "/z (deleted)", "write"},        /* j */
		{ESPY_EV_file_copy, CC, 9, "/b", "sendfile", {{0}}, "/z"},   /* k */
		{ESPY_EV_file_close, CC, -9, "/z", "close", {{"fd", 3}}},    /* l: failed */
		{ESPY_EV_file_close, CC, 0, "/b", "close", {{"fd", 4}}},     /* m */
		{ESPY_EV_file_close, CC, 0, "/z", "close", {{"fd", 3}}},     /* n */
		{ESPY_EV_file_read, CC, 9, "/z", "read"},                    /* o */
		{ESPY_EV_file_open, CC, -2, "/a", "openat"},                 /* p: no fd */
		{ESPY_EV_file_read, CC, 9, "/a", "read"},                    /* q */
		{ESPY_EV_file_open, CC, 3, "/a", "openat"},                  /* r */
		{ESPY_EV_file_open, CC, 3, "/c", "openat"},                  /* s: 3 anew */
		{ESPY_EV_file_read, CC, 9, "/a", "read"},                    /* t */
	};

	(void)state;
	TELL(rows, "follow(path == /a)", "acfijknr");
	TELL(rows, "follow(open and path == /a) and read", "c");
	TELL(rows, "follow(path == /nosuch)", "");
	TELL(rows, "follow(read)", ""); /* opens nothing */
	TELL(rows, "follow(path == /b)", "bdkm");
}

static void follow_duplicates(void **state)
{
	static const struct row rows[] = {
		{ESPY_EV_file_open, CC, 3, "/a", "openat"},                          /* a */
		{ESPY_EV_file_dup, CC, 7, "/a", "dup", {{"fd", 3}}},                 /* b */
		{ESPY_EV_file_close, CC, 0, "/a", "close", {{"fd", 3}}},             /* c */
		{ESPY_EV_file_read, CC, 9, "/a", "read"},                            /* d */
		{ESPY_EV_file_fcntl, CC, 8, "/a", "fcntl", {{"command", 1030}}},     /* e */
		{ESPY_EV_file_dup, CC, 7, "/b", "dup2", {{"fd", 5}, {"new_fd", 7}}}, /* f: 7 gone */
		{ESPY_EV_file_read, CC, 9, "/a", "read"},                            /* g: by 8 */
		{ESPY_EV_file_dup, CC, 8, "/a", "dup2", {{"fd", 8}, {"new_fd", 8}}}, /* h: nothing
										      */
		{ESPY_EV_process_exec, CC, 0, "/bin/x", "execve"},                   /* i: 8 gone */
		{ESPY_EV_file_read, CC, 9, "/a", "read"},                            /* j */
		{ESPY_EV_file_open, CC, 3, "/a", "openat"},                          /* k */
		{ESPY_EV_file_fcntl, CC, 0, "/a", "fcntl", {{"command", 2}, {"arg", 1}}},  /* l */
		{ESPY_EV_file_open, CC, 4, "/a", "openat"},                                /* m */
		{ESPY_EV_file_close, CC, 0, "", "close_range", {{"fd", 3}, {"last", 99}}}, /* n */
		{ESPY_EV_file_read, CC, 9, "/a", "read"},                                  /* o */
	};

	(void)state;
	TELL(rows, "follow(path == /a)", "abcdeghklmn");
}

#define CHILD(who)                       \
	{"child_pid", who},              \
	{                                \
		"child_start", (who)*SEC \
	}

static void follow_processes(void **state)
{
	static const struct row rows[] = {
		{ESPY_EV_file_open, BASH, 3, "/a", "openat"},                       /* a */
		{ESPY_EV_file_open, BASH, 4, "/b", "openat", {{"flags", 0x80000}}}, /* b */
		{ESPY_EV_process_fork, BASH, 200, NULL, "clone", {CHILD(200)}},     /* c */
		{ESPY_EV_file_read, MAKE, 9, "/a", "read"},                         /* d */
		{ESPY_EV_file_read, MAKE, 9, "/b", "read"},                         /* e */
		{ESPY_EV_process_exec, MAKE, 0, "/bin/make", "execve"},             /* f */
		{ESPY_EV_file_read, MAKE, 9, "/a", "read"},                         /* g */
		{ESPY_EV_file_read, MAKE, 9, "/b", "read"},                         /* h */
		{ESPY_EV_file_close, MAKE, 0, "/a", "close", {{"fd", 3}}},          /* i */
		{ESPY_EV_file_read, MAKE, 9, "/a", "read"},                         /* j */
		{ESPY_EV_file_read, BASH, 9, "/a", "read"},                         /* k */
		{ESPY_EV_process_fork,
		 BASH,
		 300,
		 NULL,
		 "clone",
		 {CHILD(300), {"flags", 0x400}}},                        /* l */
		{ESPY_EV_file_close, CC, 0, "/a", "close", {{"fd", 3}}}, /* m: shared */
		{ESPY_EV_file_read, BASH, 9, "/a", "read"},              /* n */
		{ESPY_EV_process_exec, CC, 0, "/bin/cc", "execve"},      /* o */
		{ESPY_EV_file_read, BASH, 9, "/b", "read"},              /* p */
		{ESPY_EV_file_read, CC, 9, "/b", "read"},                /* q */
		{ESPY_EV_process_exit, BASH, 0, NULL, NULL},             /* r */
		{ESPY_EV_file_read, BASH, 9, "/b", "read"},              /* s */
	};

	(void)state;
	TELL(rows, "follow(path in (/a, /b))", "abdegikmp");
	TELL(rows, "follow(path in (/a, /b)) and process == make", "degi");
}

static void follow_sockets(void **state)
{
	static const struct row rows[] = {
		{ESPY_EV_net_socket, CC, 3, "tcp", "socket", {{"family", 2}}},          /* a */
		{ESPY_EV_net_connect, CC, 0, "tcp 1.2.3.4:5 -> 6.7.8.9:10", "connect"}, /* b */
		{ESPY_EV_net_send, CC, 9, "tcp 1.2.3.4:5 -> 6.7.8.9:10", "write"},      /* c */
		{ESPY_EV_net_send, CC, 9, "tcp 1.2.3.4:5 -> 7.7.7.7:10", "write"},      /* d */
		{ESPY_EV_net_send, CC, 9, "udp 1.2.3.4:5", "sendto"},                   /* e */
		{ESPY_EV_net_close,
		 CC,
		 0,
		 "tcp 1.2.3.4:5 -> 6.7.8.9:10",
		 "close",
		 {{"fd", 3}}},                                                           /* f */
		{ESPY_EV_net_send, CC, 9, "tcp 1.2.3.4:5 -> 6.7.8.9:10", "write"},       /* g */
		{ESPY_EV_net_socket, MAKE, 5, "tcp", "socket", {{"family", 2}}},         /* h */
		{ESPY_EV_net_bind, MAKE, 0, "tcp 1.1.1.1:80", "bind"},                   /* i */
		{ESPY_EV_net_listen, MAKE, 0, "tcp 1.1.1.1:80", "listen"},               /* j */
		{ESPY_EV_net_accept, MAKE, 6, "tcp 1.1.1.1:80 -> 9.9.9.9:9", "accept4"}, /* k */
		{ESPY_EV_net_recv, MAKE, 9, "tcp 1.1.1.1:80 -> 9.9.9.9:9", "read"},      /* l */
	};

	(void)state;
	TELL(rows, "follow(socket)", "abcfhijk");
	TELL(rows, "follow(accept)", "kl");
}

/* --- what the kernel side and a reader must give ------------------------------------------------
 */

static void state_is_needed(void **state)
{
	struct espy_rule *r = rule_of("follow(open and path == /a) and failed and pid == 5");
	struct espy_rule_needs n;

	(void)state;
	espy_rule_needs(r, &n);
	assert_true(n.type[ESPY_EV_file_open] && n.type[ESPY_EV_process_fork]);
	assert_true(n.type[ESPY_EV_file_close] && n.type[ESPY_EV_file_dup]);
	assert_false(n.failed_only);
	assert_int_equal(n.n_pids, 0);
	espy_rule_free(r);

	r = rule_of("write and duration > 1s and between(open and uid == 0, exit)");
	espy_rule_needs(r, &n);
	assert_true(n.type[ESPY_EV_file_open] && n.type[ESPY_EV_process_exit]);
	assert_true(n.type[ESPY_EV_file_write]);
	assert_false(n.type[ESPY_EV_file_read]);
	assert_int_equal(n.min_duration, 0);
	assert_int_equal(n.n_uids, 0);
	espy_rule_free(r);

	r = rule_of("write and same_file(/a)");
	espy_rule_needs(r, &n);
	assert_true(n.type[ESPY_EV_file_write] && n.type[ESPY_EV_file_rename]);
	assert_false(n.type[ESPY_EV_file_read]);
	espy_rule_free(r);
}

/* Whether the rule asks for the event by a name. */
static bool asks(const char *text, unsigned type)
{
	struct espy_rule *r = rule_of(text);
	struct espy_rule_needs n;

	espy_rule_needs(r, &n);
	espy_rule_free(r);
	return n.asked[type];
}

static void names_ask_for_events(void **state)
{
	(void)state;
	assert_true(asks("open", ESPY_EV_file_open));
	assert_true(asks("class in (file, process) and failed", ESPY_EV_file_open));
	assert_true(asks("pid == 5 or event startswith file", ESPY_EV_file_open));
	assert_true(asks("not (op != open)", ESPY_EV_file_open));
	assert_false(asks("op != read", ESPY_EV_file_open));
	assert_false(asks("not (class == network)", ESPY_EV_file_open));
	assert_false(asks("path == /a and pid == 5", ESPY_EV_file_open));
	assert_false(asks("open and network", ESPY_EV_file_open));
	assert_false(asks("open and network", ESPY_EV_net_bind));
}

static bool reads(const char *text, const char *column)
{
	struct espy_rule *r = rule_of(text);
	struct espy_rule_columns c;

	espy_rule_columns(r, &c);
	espy_rule_free(r);
	assert_non_null(espy_column_find(espy_str0(column)));
	return espy_rule_reads(&c, espy_column_find(espy_str0(column))->id);
}

static bool is_stateful(const char *text)
{
	struct espy_rule *r = rule_of(text);
	struct espy_rule_columns c;

	espy_rule_columns(r, &c);
	espy_rule_free(r);
	return c.stateful;
}

static void columns_are_told(void **state)
{
	(void)state;
	assert_true(reads("path == /a", "path"));
	assert_false(reads("path == /a", "duration"));
	assert_false(reads("", "path"));
	assert_true(reads("end > +1s", "time") && reads("end > +1s", "duration"));
	assert_true(reads("time > 10:00", "time") && reads("error == ENOENT", "result"));
	assert_true(reads("file_open.flags == O_WRONLY", "flags"));
	assert_true(reads("file_open.flags == O_WRONLY", "event"));
	assert_true(reads("path == path2", "path2") && reads("uid != euid", "euid"));
	assert_true(reads("descends(make)", "process") && reads("descends(1)", "pid"));
	assert_true(reads("detail contains x", "path2")); /* all */
	assert_true(reads("between(path == /a, exit)", "path"));
	assert_true(reads("follow(open)", "child_pid") && reads("follow(open)", "fd"));
	assert_true(reads("same_file(/a)", "path2"));
	assert_true(is_stateful("open or not between(open, close)"));
	assert_true(is_stateful("same_file(/a)") && is_stateful("follow(open)"));
	assert_false(is_stateful("time > +1s and descends(make)"));
}

static void wrong(void **state)
{
	(void)state;
	is_wrong("between(open)", 13, "a comma and another filter");
	is_wrong("between(open, )", 15, "expected a condition");
	is_wrong("between()", 9, "a filter for the first event");
	is_wrong("between(open, close, exec)", 20, "expected and, or, or )");
	is_wrong("between(open, pth == 1)", 15, "there is no field pth");
	is_wrong("follow()", 8, "a filter for the opens to follow");
	is_wrong("follow(open, close)", 12, "expected and, or, or )");
	is_wrong("follow(open", 12, "expected and, or, or )");
	is_wrong("same_file()", 11, "expected a value");
	is_wrong("same_file(/a", 13, "expected , or )");
	is_wrong("betwen(open, close) == 1", 1, "did you mean between?");
	is_wrong("between == 1", 1, "there is no field between");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(between),
		cmocka_unit_test(between_at_random),
		cmocka_unit_test(same_file),
		cmocka_unit_test(same_file_has_room),
		cmocka_unit_test(follow_one_descriptor),
		cmocka_unit_test(follow_duplicates),
		cmocka_unit_test(follow_processes),
		cmocka_unit_test(follow_sockets),
		cmocka_unit_test(state_is_needed),
		cmocka_unit_test(names_ask_for_events),
		cmocka_unit_test(columns_are_told),
		cmocka_unit_test(wrong),
	};

	return cmocka_run_group_tests(tests, sample_setup, sample_teardown);
}
