/* SPDX-License-Identifier: MIT */
/* The signals of x86 (asm/signal.h), for the sets that hold one: what ended a process, and the low
 * byte of clone(2)'s flags. Real-time signals count from the C library's SIGRTMIN, as in kill(1).
 */
#pragma once

/* clang-format off */
#define ESPY_SIGNAL_NAMES(set) \
	NAME(set, SIGHUP, 1) \
	NAME(set, SIGINT, 2) \
	NAME(set, SIGQUIT, 3) \
	NAME(set, SIGILL, 4) \
	NAME(set, SIGTRAP, 5) \
	NAME(set, SIGABRT, 6) \
	NAME(set, SIGIOT, 6) \
	NAME(set, SIGBUS, 7) \
	NAME(set, SIGFPE, 8) \
	NAME(set, SIGKILL, 9) \
	NAME(set, SIGUSR1, 10) \
	NAME(set, SIGSEGV, 11) \
	NAME(set, SIGUSR2, 12) \
	NAME(set, SIGPIPE, 13) \
	NAME(set, SIGALRM, 14) \
	NAME(set, SIGTERM, 15) \
	NAME(set, SIGSTKFLT, 16) \
	NAME(set, SIGCHLD, 17) \
	NAME(set, SIGCONT, 18) \
	NAME(set, SIGSTOP, 19) \
	NAME(set, SIGTSTP, 20) \
	NAME(set, SIGTTIN, 21) \
	NAME(set, SIGTTOU, 22) \
	NAME(set, SIGURG, 23) \
	NAME(set, SIGXCPU, 24) \
	NAME(set, SIGXFSZ, 25) \
	NAME(set, SIGVTALRM, 26) \
	NAME(set, SIGPROF, 27) \
	NAME(set, SIGWINCH, 28) \
	NAME(set, SIGIO, 29) \
	NAME(set, SIGPOLL, 29) \
	NAME(set, SIGPWR, 30) \
	NAME(set, SIGSYS, 31) \
	NAME(set, SIGRTMIN, 34) \
	NAME(set, SIGRTMIN+1, 35) \
	NAME(set, SIGRTMIN+2, 36) \
	NAME(set, SIGRTMIN+3, 37) \
	NAME(set, SIGRTMIN+4, 38) \
	NAME(set, SIGRTMIN+5, 39) \
	NAME(set, SIGRTMIN+6, 40) \
	NAME(set, SIGRTMIN+7, 41) \
	NAME(set, SIGRTMIN+8, 42) \
	NAME(set, SIGRTMIN+9, 43) \
	NAME(set, SIGRTMIN+10, 44) \
	NAME(set, SIGRTMIN+11, 45) \
	NAME(set, SIGRTMIN+12, 46) \
	NAME(set, SIGRTMIN+13, 47) \
	NAME(set, SIGRTMIN+14, 48) \
	NAME(set, SIGRTMIN+15, 49) \
	NAME(set, SIGRTMIN+16, 50) \
	NAME(set, SIGRTMIN+17, 51) \
	NAME(set, SIGRTMIN+18, 52) \
	NAME(set, SIGRTMIN+19, 53) \
	NAME(set, SIGRTMIN+20, 54) \
	NAME(set, SIGRTMIN+21, 55) \
	NAME(set, SIGRTMIN+22, 56) \
	NAME(set, SIGRTMIN+23, 57) \
	NAME(set, SIGRTMIN+24, 58) \
	NAME(set, SIGRTMIN+25, 59) \
	NAME(set, SIGRTMIN+26, 60) \
	NAME(set, SIGRTMIN+27, 61) \
	NAME(set, SIGRTMIN+28, 62) \
	NAME(set, SIGRTMIN+29, 63) \
	NAME(set, SIGRTMAX, 64)
/* clang-format on */
