/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The part of the kernel's types that the programs read, by name only: every access is relocated
 * against the running kernel's BTF (CO-RE), so layouts here need not match. Kernel changes that a
 * name cannot hide are dealt with in core.bpf.h.
 */
#pragma once

#include <linux/bpf.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s8 s8;
typedef __s16 s16;
typedef __s32 s32;
typedef __s64 s64;
#ifndef __cplusplus
typedef _Bool bool;
#define true 1
#define false 0
#endif
#define NULL ((void *)0)

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct pt_regs {
	unsigned long r10, r9, r8, ax, cx, dx, si, di, orig_ax, bp, bx, ip, sp;
};

typedef struct {
	int counter;
} atomic_t;
typedef struct {
	u32 val;
} kuid_t, kgid_t;

struct qstr {
	u64 hash_len;
	const unsigned char *name;
};
struct hlist_bl_node {
	struct hlist_bl_node *next, **pprev;
};
struct dentry;
struct super_block {
	u32 s_dev;
	unsigned long s_magic;
	struct dentry *s_root;
};
struct inode {
	u16 i_mode;
	kuid_t i_uid;
	kgid_t i_gid;
	struct super_block *i_sb;
	unsigned long i_ino;
	s64 i_size;
	u32 i_rdev;
	void *i_private;
};
struct ctl_table {
	void *data;
	int maxlen;
	void *proc_handler;
};
struct dentry {
	struct hlist_bl_node d_hash;
	struct dentry *d_parent;
	struct qstr d_name;
	struct inode *d_inode;
};
struct vfsmount {
	struct dentry *mnt_root;
	struct super_block *mnt_sb;
};
struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
};
struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};
struct file {
	struct path f_path;
	struct inode *f_inode;
	u32 f_flags, f_mode;
	s64 f_pos;
	const void *f_op;
	void *private_data;
};
struct list_head {
	struct list_head *next, *prev;
};
struct hlist_node {
	struct hlist_node *next, **pprev;
};
struct hlist_head {
	struct hlist_node *first;
};
struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};
struct files_struct {
	struct fdtable *fdt;
};
struct fs_struct {
	struct path root, pwd;
};

struct vm_area_struct {
	unsigned long vm_start, vm_end, vm_pgoff, vm_flags;
	struct file *vm_file;
	void *anon_vma;
};
struct maple_tree {
	void *ma_root;
};
struct maple_range_64 {
	unsigned long pivot[15];
	void *slot[16];
};
struct maple_arange_64 {
	unsigned long pivot[9];
	void *slot[10];
};
typedef struct {
	void *vdso;
} mm_context_t;
struct mm_struct {
	struct maple_tree mm_mt;
	mm_context_t context;
	unsigned long start_code, end_code;
	unsigned long start_data, start_brk, brk, start_stack;
	unsigned long arg_start, arg_end, env_start, env_end;
	unsigned long saved_auxv[2];
	unsigned long hiwater_rss, total_vm, exec_vm;
	struct file *exe_file;
};
struct proc_ns_operations {
	const char *name;
};
struct ns_common {
	const struct proc_ns_operations *ops;
	unsigned int inum;
};
struct linux_binprm {
	struct file *file;
	int argc, envc;
	const char *filename, *interp;
};

struct mnt_namespace {
	struct ns_common ns;
};
struct net {
	struct ns_common ns;
};
struct uts_namespace {
	struct ns_common ns;
};
struct ipc_namespace {
	struct ns_common ns;
};
struct xarray {
	void *xa_head;
};
struct xa_node {
	u8 shift;
	void *slots[64];
};
struct idr {
	struct xarray idr_rt;
};
struct pid_namespace {
	struct idr idr;
	struct ns_common ns;
};
struct user_namespace {
	struct ns_common ns;
};
struct time_namespace {
	struct ns_common ns;
};
struct cgroup_namespace {
	struct ns_common ns;
};
struct nsproxy {
	struct uts_namespace *uts_ns;
	struct ipc_namespace *ipc_ns;
	struct mnt_namespace *mnt_ns;
	struct pid_namespace *pid_ns_for_children;
	struct net *net_ns;
	struct time_namespace *time_ns_for_children;
	struct cgroup_namespace *cgroup_ns;
};

struct tty_struct {
	char name[64];
};
struct upid {
	int nr;
	struct pid_namespace *ns;
};
struct pid {
	unsigned int level;
	struct hlist_head tasks[4];
	struct upid numbers[1];
};
struct proc_inode {
	struct ctl_table *sysctl_entry;
	struct inode vfs_inode;
	struct pid *pid;
};
struct task_io_accounting {
	u64 rchar, wchar, syscr, syscw, read_bytes, write_bytes;
};
struct signal_struct {
	atomic_t live;
	int nr_threads;
	int group_exit_code;
	unsigned int flags;
	struct tty_struct *tty;
	struct pid *pids[4];
	u64 utime, stime, sum_sched_runtime;
	unsigned long maxrss, nvcsw, nivcsw, min_flt, maj_flt;
	struct task_io_accounting ioac;
};
struct key {
	s32 serial;
};
struct group_info {
	int ngroups;
	kgid_t gid[1];
};
struct cred {
	kuid_t uid;
	kgid_t gid;
	kuid_t suid;
	kgid_t sgid;
	kuid_t euid;
	kgid_t egid;
	kuid_t fsuid;
	kgid_t fsgid;
	unsigned int securebits;
	struct {
		u64 val;
	} cap_inheritable, cap_permitted, cap_effective, cap_bset, cap_ambient;
	struct key *session_keyring;
	struct user_namespace *user_ns;
	struct group_info *group_info;
};
struct bpf_prog_aux {
	u32 id;
};
struct bpf_prog {
	struct bpf_prog_aux *aux;
};
struct seccomp {
	int mode;
	atomic_t filter_count;
};
struct kernfs_node {
	u64 id;
	const char *name;
	struct kernfs_node *__parent;
};
struct cgroup {
	struct kernfs_node *kn;
};
struct cgroup_subsys_state {
	struct cgroup *cgroup;
};
enum cgroup_subsys_id { memory_cgrp_id };
struct css_set {
	struct cgroup_subsys_state *subsys[1];
	struct cgroup *dfl_cgrp;
};
struct rq;
struct cfs_rq {
	struct rq *rq;
};
struct sched_entity {
	u64 sum_exec_runtime;
	struct cfs_rq *cfs_rq;
};
struct thread_info {
	unsigned long flags;
	u32 status;
};
struct task_struct {
	struct thread_info thread_info;
	unsigned int flags;
	struct sched_entity se;
	int exit_code;
	int pid, tgid;
	struct task_struct *real_parent, *group_leader;
	struct pid *thread_pid;
	struct hlist_node pid_links[4];
	void *stack;
	unsigned int personality, ptrace;
	struct list_head ptraced, ptrace_entry;
	u64 utime, stime;
	unsigned long nvcsw, nivcsw, min_flt, maj_flt;
	struct task_io_accounting ioac;
	u64 start_boottime;
	struct cred *cred, *real_cred;
	char comm[16];
	struct fs_struct *fs;
	struct nsproxy *nsproxy;
	struct seccomp seccomp;
	struct files_struct *files;
	struct signal_struct *signal;
	struct mm_struct *mm;
	struct css_set *cgroups;
	kuid_t loginuid;
	unsigned int sessionid;
};

struct in6_addr {
	u8 s6_addr[16];
};
struct sock_common {
	u32 skc_daddr, skc_rcv_saddr;
	u16 skc_dport, skc_num;
	u16 skc_family;
	u8 skc_state;
	struct {
		void *net;
	} skc_net;
	struct in6_addr skc_v6_daddr, skc_v6_rcv_saddr;
};
struct sock {
	struct sock_common __sk_common;
	u16 sk_type, sk_protocol;
	struct pid *sk_peer_pid;
	struct cred *sk_peer_cred;
	int sk_err;
	u32 sk_ack_backlog, sk_max_ack_backlog;
};
struct inet_sock {
	struct sock sk;
	u16 inet_sport;
};
struct inet_connection_sock {
	u8 icsk_retransmits;
};
struct request_sock {
	struct sock_common __req_common;
	u8 num_retrans;
};
struct sk_buff {
	u16 transport_header, network_header;
	unsigned char *head;
};
struct socket {
	short type;
	struct sock *sk;
};
struct sockaddr_un {
	u16 sun_family;
};
struct unix_address {
	int len;
	struct sockaddr_un name[1];
};
struct unix_sock {
	struct sock sk;
	struct unix_address *addr;
	struct sock *peer;
};
struct netlink_sock {
	struct sock sk;
	u32 portid, dst_portid;
	unsigned long *groups;
};
struct packet_sock {
	struct sock sk;
	int ifindex;
	u16 num;
};
struct sockaddr_vm {
	u32 svm_port, svm_cid;
};
struct vsock_sock {
	struct sock sk;
	struct sockaddr_vm local_addr, remote_addr;
};

struct kernel_siginfo {
	int si_code;
	union {
		struct {
			void *_addr;
		} _sigfault;
	} _sifields;
};
struct sigaction {
	void *sa_handler;
};
struct k_sigaction {
	struct sigaction sa;
};

struct io_rsrc_node {
	unsigned long file_ptr;
};
struct io_rsrc_data {
	unsigned int nr;
	struct io_rsrc_node **nodes;
};
struct io_file_table {
	struct io_rsrc_data data;
};
struct io_ring_ctx {
	unsigned int flags;
	unsigned int compat : 1;
	unsigned int int_flags; /* 7.0 and newer: instead of single bits */
	u32 *sq_array;
	void *sq_sqes;
	unsigned int cached_sq_head, sq_entries;
	struct io_file_table file_table;
};
struct io_cqe {
	u64 user_data;
	s32 res;
	union {
		u32 flags;
		int fd;
	};
};
struct io_kiocb {
	struct file *file;
	u8 opcode;
	u32 flags;
	struct io_cqe cqe;
	struct io_ring_ctx *ctx;
	void *async_data;
};
struct io_uring_cqe {
	u64 user_data;
	s32 res;
	u32 flags;
};

/* What a request is about, at its beginning; `struct file *` first. 32 bits of a length, which is
 * wider on some kernels, are its low ones. */
struct filename {
	const char *name;
};
struct kiocb {
	s64 ki_pos;
};
struct io_rw {
	struct kiocb kiocb;
	u64 addr;
	u32 len;
};
struct open_how___k {
	u64 flags, mode, resolve;
};
struct io_open {
	int dfd;
	u32 file_slot;
	struct filename *filename;
	struct open_how___k how;
};
struct io_close {
	int fd;
	u32 file_slot;
};
struct io_statx {
	int dfd;
	unsigned int flags;
	struct filename *filename;
};
struct io_unlink {
	int dfd, flags;
	struct filename *filename;
};
struct io_mkdir {
	int dfd;
	u16 mode;
	struct filename *filename;
};
struct io_rename {
	int old_dfd, new_dfd;
	struct filename *oldpath, *newpath;
	int flags;
};
struct io_link {
	int old_dfd, new_dfd;
	struct filename *oldpath, *newpath;
	int flags;
};
struct io_sync {
	s64 len, off;
	int mode;
};
struct io_splice {
	s64 len;
	int splice_fd_in;
	unsigned int flags;
};
struct io_ftrunc {
	s64 len;
};
struct xattr_name {
	char name[256];
};
struct xattr_ctx___k {
	u64 size;
	struct xattr_name *kname;
	unsigned int flags;
};
struct io_xattr {
	struct xattr_ctx___k ctx;
	struct filename *filename;
};
/* From 7.0 on the names of requests are of this type (delayed_filename), of the same size. */
struct delayed_filename {
	struct filename *__incomplete_filename;
};
struct io_open___delayed {
	struct delayed_filename filename;
};
struct io_statx___delayed {
	struct delayed_filename filename;
};
struct io_unlink___delayed {
	struct delayed_filename filename;
};
struct io_mkdir___delayed {
	struct delayed_filename filename;
};
struct io_rename___delayed {
	struct delayed_filename oldpath, newpath;
};
struct io_link___delayed {
	struct delayed_filename oldpath, newpath;
};
struct io_xattr___delayed {
	struct delayed_filename filename;
};
struct io_connect {
	void *addr;
	int addr_len;
};
struct io_bind {
	int addr_len;
};
struct io_listen {
	int backlog;
};
struct io_accept {
	int flags;
	u32 file_slot;
};
struct io_socket {
	int domain, type, protocol, flags;
	u32 file_slot;
};
struct io_shutdown {
	int how;
};
struct io_sr_msg {
	void *umsg;
	u32 len;
	u32 msg_flags;
};
struct __kernel_sockaddr_storage {
	u16 ss_family;
};
struct io_async_msghdr {
	struct __kernel_sockaddr_storage addr;
};

struct bpf_map;
struct bpf_iter__bpf_map_elem {
	struct bpf_iter_meta *meta;
	struct bpf_map *map;
	void *key, *value;
};
struct seq_file;
struct bpf_iter_meta {
	struct seq_file *seq;
};
struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

#pragma clang attribute pop
