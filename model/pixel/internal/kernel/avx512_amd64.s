#include "textflag.h"

// Half of a weight's unit, where a sum starts: in one lane of the four that are added up.
DATA halfLane512<>+0(SB)/8, $0x0020000000200000
DATA halfLane512<>+8(SB)/8, $0x0020000000200000
GLOBL halfLane512<>(SB), RODATA|NOPTR, $16

// The transpose of 4×4 bytes, and of 4×4 words of 32 bits.
DATA transpose<>+0(SB)/8, $0x0d0905010c080400
DATA transpose<>+8(SB)/8, $0x0f0b07030e0a0602
GLOBL transpose<>(SB), RODATA|NOPTR, $16

// ROW adds sixteen taps of a row to its sums, one for each part of the weights.
#define ROW(row, sum0, sum1, sum2) \
	VPERMD    (row)(BX*1), Z30, Z20; \
	VPSHUFB   Z31, Z20, Z20;         \
	VPDPBUSD  Z24, Z20, sum0;        \
	VPDPBUSD  Z25, Z20, sum1;        \
	VPDPBUSD  Z26, Z20, sum2

// JOIN leaves the sums of whole weights in sum0.
#define JOIN(sum0, sum1, sum2) \
	VPSLLD $8, sum2, sum2;     \
	VPADDD sum1, sum2, sum2;   \
	VPSLLD $8, sum2, sum2;     \
	VPADDD sum2, sum0, sum0

// func horizontalVNNI(dst *byte, rows *[4]*byte, offsets *int, n int, weights *uint32, steps, advance int, order *Order)
TEXT ·horizontalVNNI(SB), NOSPLIT, $0-64
	MOVQ      dst+0(FP), DI
	MOVQ      rows+8(FP), AX
	MOVQ      0(AX), R8
	MOVQ      8(AX), R9
	MOVQ      16(AX), R10
	MOVQ      24(AX), R11
	MOVQ      offsets+16(FP), SI
	MOVQ      n+24(FP), CX
	MOVQ      weights+32(FP), DX
	MOVQ      advance+48(FP), R12
	MOVQ      order+56(FP), AX
	VMOVDQU64 0(AX), Z31
	VMOVDQU64 64(AX), Z30
	VMOVDQU32 halfLane512<>(SB), X29
	VMOVDQU32 transpose<>(SB), X28
	VPXORQ    Z27, Z27, Z27

result:
	MOVQ      (SI), BX
	VMOVDQA64 Z29, Z0
	VMOVDQA64 Z29, Z3
	VMOVDQA64 Z29, Z6
	VMOVDQA64 Z29, Z9
	VPXORQ    Z1, Z1, Z1
	VPXORQ    Z2, Z2, Z2
	VPXORQ    Z4, Z4, Z4
	VPXORQ    Z5, Z5, Z5
	VPXORQ    Z7, Z7, Z7
	VPXORQ    Z8, Z8, Z8
	VPXORQ    Z10, Z10, Z10
	VPXORQ    Z11, Z11, Z11
	MOVQ      steps+40(FP), AX

step:
	VMOVDQU64 0(DX), Z24
	VMOVDQU64 64(DX), Z25
	VMOVDQU64 128(DX), Z26
	ROW(R8, Z0, Z1, Z2)
	ROW(R9, Z3, Z4, Z5)
	ROW(R10, Z6, Z7, Z8)
	ROW(R11, Z9, Z10, Z11)
	ADDQ      $192, DX
	ADDQ      R12, BX
	DECQ      AX
	JNZ       step

	JOIN(Z0, Z1, Z2)
	JOIN(Z3, Z4, Z5)
	JOIN(Z6, Z7, Z8)
	JOIN(Z9, Z10, Z11)

	// Add the lanes of each row, row r to lane r of Z0.
	VSHUFI64X2 $0x44, Z3, Z0, Z1
	VSHUFI64X2 $0xee, Z3, Z0, Z2
	VPADDD     Z2, Z1, Z1
	VSHUFI64X2 $0x44, Z9, Z6, Z7
	VSHUFI64X2 $0xee, Z9, Z6, Z8
	VPADDD     Z8, Z7, Z7
	VSHUFI64X2 $0x88, Z7, Z1, Z0
	VSHUFI64X2 $0xdd, Z7, Z1, Z2
	VPADDD     Z2, Z0, Z0
	VPSRAD     $22, Z0, Z0
	VPMAXSD    Z27, Z0, Z0
	VPMOVUSDB  Z0, X0
	VPSHUFB    X28, X0, X0
	VMOVDQU    X0, (DI)

	ADDQ $8, SI
	ADDQ $16, DI
	DECQ CX
	JNZ  result
	VZEROUPPER
	RET

// PIXELS adds four rows of four pixels to their sums.
#define PIXELS(at, sum0, sum1, sum2) \
	VMOVDQU64 at(AX), Z20;    \
	VPDPBUSD  Z24, Z20, sum0; \
	VPDPBUSD  Z25, Z20, sum1; \
	VPDPBUSD  Z26, Z20, sum2

// func verticalVNNI(dst *byte, plane int, ring *byte, offsets *int, groups int, weights *uint32, n int)
TEXT ·verticalVNNI(SB), NOSPLIT, $0-56
	MOVQ           dst+0(FP), DI
	MOVQ           plane+8(FP), R8
	LEAQ           (R8)(R8*2), R9
	MOVQ           ring+16(FP), BX
	MOVQ           n+48(FP), CX
	VPBROADCASTD   halfLane512<>(SB), Z31
	VBROADCASTI32X4 transpose<>(SB), Z30
	VPMOVZXBD      transpose<>(SB), Z29

result:
	VMOVDQA64 Z31, Z0
	VMOVDQA64 Z31, Z3
	VMOVDQA64 Z31, Z6
	VMOVDQA64 Z31, Z9
	VPXORQ    Z1, Z1, Z1
	VPXORQ    Z2, Z2, Z2
	VPXORQ    Z4, Z4, Z4
	VPXORQ    Z5, Z5, Z5
	VPXORQ    Z7, Z7, Z7
	VPXORQ    Z8, Z8, Z8
	VPXORQ    Z10, Z10, Z10
	VPXORQ    Z11, Z11, Z11
	MOVQ      offsets+24(FP), SI
	MOVQ      weights+40(FP), DX
	MOVQ      groups+32(FP), R10

group:
	MOVQ         (SI), AX
	ADDQ         BX, AX
	VPBROADCASTD 0(DX), Z24
	VPBROADCASTD 4(DX), Z25
	VPBROADCASTD 8(DX), Z26
	PIXELS(0, Z0, Z1, Z2)
	PIXELS(64, Z3, Z4, Z5)
	PIXELS(128, Z6, Z7, Z8)
	PIXELS(192, Z9, Z10, Z11)
	ADDQ         $8, SI
	ADDQ         $12, DX
	DECQ         R10
	JNZ          group

	JOIN(Z0, Z1, Z2)
	JOIN(Z3, Z4, Z5)
	JOIN(Z6, Z7, Z8)
	JOIN(Z9, Z10, Z11)
	VPSRAD    $22, Z0, Z0
	VPSRAD    $22, Z3, Z3
	VPSRAD    $22, Z6, Z6
	VPSRAD    $22, Z9, Z9
	VPACKSSDW Z3, Z0, Z0
	VPACKSSDW Z9, Z6, Z6
	VPACKUSWB Z6, Z0, Z0

	// Lane l now has pixels l, 4+l, 8+l, 12+l of four bands: bands to lanes, pixels into order.
	VPSHUFB       Z30, Z0, Z0
	VPERMD        Z0, Z29, Z0
	VPSHUFB       Z30, Z0, Z0
	VMOVDQU       X0, (DI)
	VEXTRACTI32X4 $1, Z0, (DI)(R8*1)
	VEXTRACTI32X4 $2, Z0, (DI)(R8*2)
	VEXTRACTI32X4 $3, Z0, (DI)(R9*1)

	ADDQ $16, DI
	ADDQ $256, BX
	SUBQ $16, CX
	JNZ  result
	VZEROUPPER
	RET
