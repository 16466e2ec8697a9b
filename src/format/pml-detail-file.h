/* SPDX-License-Identifier: MIT */
/*
 * Events of the file system. The detail of each begins with the sub-operation, the flags of the
 * request, its arguments (FLT_PARAMETERS of a minifilter, "the arguments" below) and the path; some
 * bring more behind the path.
 */
#pragma once

#include "format/pml-detail.h"

/* Operations: those that can begin in Fast I/O and notifications of the section manager below 20,
 * above it IRP_MJ_* plus 20. */
enum espy_pml_file_operation {
	ESPY_PML_VOLUME_DISMOUNT = 0,
	ESPY_PML_VOLUME_MOUNT = 1,
	ESPY_PML_MDL_READ_COMPLETE = 4,
	ESPY_PML_QUERY_OPEN = 6,
	ESPY_PML_ACQUIRE_FOR_MOD_WRITE = 17,
	ESPY_PML_CREATE_MAPPING = 19,
	ESPY_PML_CREATE_FILE = 20,
	ESPY_PML_CREATE_PIPE = 21,
	ESPY_PML_READ_FILE = 23,
	ESPY_PML_WRITE_FILE = 24,
	ESPY_PML_QUERY_INFORMATION = 25,
	ESPY_PML_SET_INFORMATION = 26,
	ESPY_PML_QUERY_EA = 27,
	ESPY_PML_SET_EA = 28,
	ESPY_PML_FLUSH = 29,
	ESPY_PML_QUERY_VOLUME = 30,
	ESPY_PML_SET_VOLUME = 31,
	ESPY_PML_DIRECTORY_CONTROL = 32,
	ESPY_PML_FS_CONTROL = 33,
	ESPY_PML_DEVICE_CONTROL = 34,
	ESPY_PML_INTERNAL_CONTROL = 35,
	ESPY_PML_LOCK_CONTROL = 37,
	ESPY_PML_CREATE_MAILSLOT = 39,
	ESPY_PML_QUERY_SECURITY = 40,
	ESPY_PML_SET_SECURITY = 41,
	ESPY_PML_PNP = 47,
	ESPY_PML_FILE_OPERATIONS
};

/* Argument `i` from 0, each as wide as an address; the value of 8 bytes stands behind the last. */
uint32_t espy_pml_argument(const struct espy_pml_detail *d, unsigned i);
uint64_t espy_pml_argument_64(const struct espy_pml_detail *d, unsigned i);
/* Flags of the request (IRP_*, and the priority). */
uint32_t espy_pml_request_flags(const struct espy_pml_detail *d);

/* --- one of each, called with `in` behind the path
 * ------------------------------------------------ */

/* pml-detail-open.c */
void espy_pml_create_file(struct espy_pml_detail *d);
/* pml-detail-info.c */
void espy_pml_query_information(struct espy_pml_detail *d);
void espy_pml_set_information(struct espy_pml_detail *d);
void espy_pml_query_open(struct espy_pml_detail *d);
/* pml-detail-volume.c */
void espy_pml_query_volume(struct espy_pml_detail *d);
void espy_pml_set_volume(struct espy_pml_detail *d);
/* pml-detail-directory.c */
void espy_pml_directory_control(struct espy_pml_detail *d);
