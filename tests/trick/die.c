/* SPDX-License-Identifier: MIT */
/* A program without a library, whose second instruction ends it. */
#ifdef __x86_64__
__asm__(".globl _start\n_start:\n\tmov $60, %eax\n\tmov $33, %edi\n\tsyscall\n");
#else
__asm__(".globl _start\n_start:\n\tmov $1, %eax\n\tmov $33, %ebx\n\tint $0x80\n");
#endif
