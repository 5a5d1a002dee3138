#include "textflag.h"

// Half of a weight's unit, where a sum starts: in one lane of the two that are added up, in one word of each pair.
DATA halfLane<>+0(SB)/8, $0x0020000000200000
DATA halfLane<>+8(SB)/8, $0x0020000000200000
DATA halfLane<>+16(SB)/8, $0
DATA halfLane<>+24(SB)/8, $0
GLOBL halfLane<>(SB), RODATA|NOPTR, $32
DATA halfPair<>+0(SB)/8, $0x0000000000200000
GLOBL halfPair<>(SB), RODATA|NOPTR, $8

// From four pixels, each pair of rows woven, to four bands of four rows.
DATA woven<>+0(SB)/8, $0x0b0a030209080100
DATA woven<>+8(SB)/8, $0x0f0e07060d0c0504
GLOBL woven<>(SB), RODATA|NOPTR, $16

// From two bands of four pixels to four pixels of two bands.
DATA planar<>+0(SB)/8, $0x0705030106040200
DATA planar<>+8(SB)/8, $0x0705030106040200
GLOBL planar<>(SB), RODATA|NOPTR, $16

// ROW adds four taps of a row to its sums, those of the high parts and those of the low parts.
#define ROW(row, high, low) \
	VBROADCASTI128 (row)(BX*1), Y8; \
	VPSHUFB        Y15, Y8, Y8;     \
	VPMADDWD       Y12, Y8, Y9;     \
	VPADDD         Y9, high, high;  \
	VPMADDWD       Y13, Y8, Y8;     \
	VPADDD         Y8, low, low

// JOIN leaves the sums of whole weights in low.
#define JOIN(high, low) \
	VPSLLD $15, high, high; \
	VPADDD high, low, low

// func horizontalAVX2(dst *byte, rows *[4]*byte, offsets *int, n int, weights *uint32, steps, advance int, order *Order)
TEXT ·horizontalAVX2(SB), NOSPLIT, $0-64
	MOVQ    dst+0(FP), DI
	MOVQ    rows+8(FP), AX
	MOVQ    0(AX), R8
	MOVQ    8(AX), R9
	MOVQ    16(AX), R10
	MOVQ    24(AX), R11
	MOVQ    offsets+16(FP), SI
	MOVQ    n+24(FP), CX
	MOVQ    weights+32(FP), DX
	MOVQ    advance+48(FP), R12
	MOVQ    order+56(FP), AX
	VMOVDQU (AX), Y15
	VMOVDQU halfLane<>(SB), Y14
	VMOVDQU woven<>(SB), X11

result:
	MOVQ    (SI), BX
	VPXOR   Y0, Y0, Y0
	VPXOR   Y2, Y2, Y2
	VPXOR   Y4, Y4, Y4
	VPXOR   Y6, Y6, Y6
	VMOVDQA Y14, Y1
	VMOVDQA Y14, Y3
	VMOVDQA Y14, Y5
	VMOVDQA Y14, Y7
	MOVQ    steps+40(FP), AX

step:
	VMOVDQU 0(DX), Y12
	VMOVDQU 32(DX), Y13
	ROW(R8, Y0, Y1)
	ROW(R9, Y2, Y3)
	ROW(R10, Y4, Y5)
	ROW(R11, Y6, Y7)
	ADDQ    $64, DX
	ADDQ    R12, BX
	DECQ    AX
	JNZ     step

	JOIN(Y0, Y1)
	JOIN(Y2, Y3)
	JOIN(Y4, Y5)
	JOIN(Y6, Y7)

	// Add the lanes of each row: rows 0 and 1 to the lanes of Y0, rows 2 and 3 to those of Y4.
	VPERM2I128   $0x20, Y3, Y1, Y0
	VPERM2I128   $0x31, Y3, Y1, Y1
	VPADDD       Y1, Y0, Y0
	VPERM2I128   $0x20, Y7, Y5, Y4
	VPERM2I128   $0x31, Y7, Y5, Y5
	VPADDD       Y5, Y4, Y4
	VPSRAD       $22, Y0, Y0
	VPSRAD       $22, Y4, Y4
	VPACKSSDW    Y4, Y0, Y0
	VPACKUSWB    Y0, Y0, Y0
	VEXTRACTI128 $1, Y0, X1
	VPUNPCKLBW   X1, X0, X0
	VPSHUFB      X11, X0, X0
	VMOVDQU      X0, (DI)

	ADDQ $8, SI
	ADDQ $16, DI
	DECQ CX
	JNZ  result
	VZEROUPPER
	RET

// PIXEL adds four rows of a pixel to its sums.
#define PIXEL(at, high, low) \
	VPMOVZXBW at(AX), Y8;         \
	VPMADDWD  Y12, Y8, Y9;        \
	VPADDD    Y9, high, high;     \
	VPMADDWD  Y13, Y8, Y8;        \
	VPADDD    Y8, low, low

// func verticalAVX2(dst *byte, plane int, ring *byte, offsets *int, groups int, weights *uint32, n int)
TEXT ·verticalAVX2(SB), NOSPLIT, $0-56
	MOVQ         dst+0(FP), DI
	MOVQ         plane+8(FP), R8
	LEAQ         (R8)(R8*2), R9
	MOVQ         ring+16(FP), BX
	MOVQ         n+48(FP), CX
	VPBROADCASTQ halfPair<>(SB), Y14
	VMOVDQU      planar<>(SB), X15

result:
	VPXOR   Y0, Y0, Y0
	VPXOR   Y2, Y2, Y2
	VPXOR   Y4, Y4, Y4
	VPXOR   Y6, Y6, Y6
	VMOVDQA Y14, Y1
	VMOVDQA Y14, Y3
	VMOVDQA Y14, Y5
	VMOVDQA Y14, Y7
	MOVQ    offsets+24(FP), SI
	MOVQ    weights+40(FP), DX
	MOVQ    groups+32(FP), R10

group:
	MOVQ         (SI), AX
	ADDQ         BX, AX
	VPBROADCASTQ 0(DX), Y12
	VPBROADCASTQ 8(DX), Y13
	PIXEL(0, Y0, Y1)
	PIXEL(16, Y2, Y3)
	PIXEL(32, Y4, Y5)
	PIXEL(48, Y6, Y7)
	ADDQ         $8, SI
	ADDQ         $16, DX
	DECQ         R10
	JNZ          group

	JOIN(Y0, Y1)
	JOIN(Y2, Y3)
	JOIN(Y4, Y5)
	JOIN(Y6, Y7)
	VPHADDD      Y3, Y1, Y1
	VPHADDD      Y7, Y5, Y5
	VPSRAD       $22, Y1, Y1
	VPSRAD       $22, Y5, Y5
	VPACKSSDW    Y5, Y1, Y1
	VPACKUSWB    Y1, Y1, Y1
	VEXTRACTI128 $1, Y1, X2
	VPSHUFB      X15, X1, X1
	VPSHUFB      X15, X2, X2
	VMOVD        X1, (DI)
	VPEXTRD      $1, X1, (DI)(R8*1)
	VMOVD        X2, (DI)(R8*2)
	VPEXTRD      $1, X2, (DI)(R9*1)

	ADDQ $4, DI
	ADDQ $64, BX
	SUBQ $4, CX
	JNZ  result
	VZEROUPPER
	RET
