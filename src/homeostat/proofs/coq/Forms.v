(** Linear forms with integer coefficients, and inequalities that follow from others.

    A form is a list of coefficients over coordinates x >= 0; missing ones are zero. *)

From Coq Require Import ZArith QArith List Bool Lqa Lia Setoid.
From Homeostat Require Import Model.
Import ListNotations.
Open Scope Q_scope.

Definition form := list Z.
Definition nonneg (x : list Q) : Prop := Forall (fun y => 0 <= y) x.

Fixpoint value (f : form) (x : list Q) : Q :=
  match f, x with
  | a :: f', y :: x' => inject_Z a * y + value f' x'
  | _, _ => 0
  end.

Fixpoint plus (f g : form) : form :=
  match f, g with
  | a :: f', b :: g' => (a + b)%Z :: plus f' g'
  | [], _ => g
  | _, [] => f
  end.

Definition times (k : Z) (f : form) : form := map (Z.mul k) f.

(** The combination of forms with integer weights, as far as both lists reach. *)
Fixpoint combination (ws : list Z) (fs : list form) : form :=
  match ws, fs with
  | w :: ws', f :: fs' => plus (times w f) (combination ws' fs')
  | _, _ => []
  end.

Definition divisor (f : form) : Z := fold_right Z.gcd 0%Z f.
Definition divide (d : Z) (f : form) : form := if (1 <? d)%Z then map (fun a => Z.div a d) f else f.
Definition primitive (f : form) : form := divide (divisor f) f.

(** den, and pairs of a row's index and its multiplier. *)
Definition proof := (Z * list (nat * Z))%type.

Fixpoint total (rows : list form) (pairs : list (nat * Z)) : form :=
  match pairs with
  | [] => []
  | (i, k) :: pairs' => plus (times k (nth i rows [])) (total rows pairs')
  end.

(** den * goal >= the sum of multiplier * row, in every coefficient. *)
Definition implies (rows : list form) (goal : form) (p : proof) : bool :=
  let (den, pairs) := p in
  (0 <? den)%Z && forallb (fun pair => (0 <=? snd pair)%Z) pairs &&
  forallb (fun a => (0 <=? a)%Z) (plus (times den goal) (times (-1) (total rows pairs))).

Lemma inject_Z_nonneg (a : Z) : (0 <= a)%Z -> 0 <= inject_Z a.
Proof. intros H. change 0 with (inject_Z 0). now rewrite <- Zle_Qle. Qed.

Lemma inject_Z_pos (a : Z) : (0 < a)%Z -> 0 < inject_Z a.
Proof. intros H. change 0 with (inject_Z 0). now rewrite <- Zlt_Qlt. Qed.

Lemma value_nil (f : form) : value f [] == 0.
Proof. destruct f; reflexivity. Qed.

Lemma value_plus (f g : form) (x : list Q) : value (plus f g) x == value f x + value g x.
Proof.
  revert g x. induction f as [|a f IH]; intros g x; simpl; [ring|].
  destruct g as [|b g]; simpl; [destruct x; ring|].
  destruct x as [|y x]; simpl; [ring|]. rewrite IH, inject_Z_plus. ring.
Qed.

Lemma value_times (k : Z) (f : form) (x : list Q) : value (times k f) x == inject_Z k * value f x.
Proof.
  revert x. induction f as [|a f IH]; intros [|y x]; simpl; try ring.
  rewrite IH, inject_Z_mult. ring.
Qed.

Lemma value_nonneg (f : form) (x : list Q) :
  forallb (fun a => (0 <=? a)%Z) f = true -> nonneg x -> 0 <= value f x.
Proof.
  revert x. induction f as [|a f IH]; intros x Hf Hx; simpl; [apply Qle_refl|].
  destruct x as [|y x]; [apply Qle_refl|].
  simpl in Hf. apply andb_true_iff in Hf as [Ha Hf]. inversion Hx; subst.
  apply Z.leb_le, inject_Z_nonneg in Ha.
  assert (0 <= inject_Z a * y) by now apply Qmult_le_0_compat.
  specialize (IH x Hf ltac:(assumption)). lra.
Qed.

Definition hold (rows : list form) (x : list Q) : Prop := Forall (fun f => 0 <= value f x) rows.

Lemma nth_hold (rows : list form) (i : nat) (x : list Q) :
  hold rows x -> 0 <= value (nth i rows []) x.
Proof.
  intros H. destruct (nth_in_or_default i rows []) as [Hin|E].
  - unfold hold in H. rewrite Forall_forall in H. auto.
  - rewrite E. apply Qle_refl.
Qed.

Lemma total_nonneg (rows : list form) (pairs : list (nat * Z)) (x : list Q) :
  hold rows x -> forallb (fun pair => (0 <=? snd pair)%Z) pairs = true ->
  0 <= value (total rows pairs) x.
Proof.
  intros Hr. induction pairs as [|[i k] pairs IH]; simpl; intros H; [apply Qle_refl|].
  apply andb_true_iff in H as [Hk H]. apply Z.leb_le, inject_Z_nonneg in Hk.
  rewrite value_plus, value_times. specialize (IH H).
  assert (0 <= inject_Z k * value (nth i rows []) x)
    by (apply Qmult_le_0_compat; [assumption|now apply nth_hold]).
  lra.
Qed.

Lemma implies_sound (rows : list form) (goal : form) (p : proof) (x : list Q) :
  implies rows goal p = true -> nonneg x -> hold rows x -> 0 <= value goal x.
Proof.
  destruct p as [den pairs]. simpl. intros H Hx Hr.
  apply andb_true_iff in H as [H Hc]. apply andb_true_iff in H as [Hd Hp].
  apply (value_nonneg _ x) in Hc; [|assumption].
  rewrite value_plus, !value_times in Hc.
  pose proof (total_nonneg rows pairs x Hr Hp).
  apply Z.ltb_lt, inject_Z_pos in Hd.
  change (inject_Z (-1)) with (-(1)) in Hc.
  destruct (Qlt_le_dec (value goal x) 0) as [L|]; [|assumption].
  assert (inject_Z den * value goal x < 0) by nra. lra.
Qed.

(** Division by a common factor changes a form by a positive factor. *)

Lemma divisor_divides (f : form) (a : Z) : In a f -> (divisor f | a)%Z.
Proof.
  induction f as [|b f IH]; simpl; [tauto|]. intros [<-|H].
  - apply Z.gcd_divide_l.
  - apply Z.divide_trans with (2 := IH H). apply Z.gcd_divide_r.
Qed.

Lemma divide_value (d : Z) (f : form) (x : list Q) :
  (forall a, In a f -> (d | a)%Z) -> inject_Z (Z.max 1 d) * value (divide d f) x == value f x.
Proof.
  intros H. unfold divide. destruct (Z.ltb_spec 1 d) as [L|L].
  - rewrite Z.max_r by lia. revert x H. induction f as [|a f IH]; intros x H; [simpl; ring|].
    destruct x as [|y x]; simpl; [ring|].
    destruct (H a) as [k ->]; [now left|]. rewrite Z.div_mul by lia.
    rewrite <- (IH x) by (intros; apply H; now right). rewrite inject_Z_mult. ring.
  - rewrite Z.max_l by lia. change (inject_Z 1) with 1. ring.
Qed.

Lemma factor_pos (d : Z) : 0 < inject_Z (Z.max 1 d).
Proof. apply inject_Z_pos. lia. Qed.

Lemma scaled_sign (k a b : Q) : 0 < k -> k * a == b -> (0 <= a <-> 0 <= b).
Proof.
  intros Hk E. rewrite <- E. split; intros H.
  - apply Qmult_le_0_compat; lra.
  - destruct (Qlt_le_dec a 0); [|assumption]. exfalso. assert (k * a < 0) by nra. lra.
Qed.

Lemma primitive_sign (f : form) (x : list Q) : 0 <= value (primitive f) x <-> 0 <= value f x.
Proof.
  apply scaled_sign with (k := inject_Z (Z.max 1 (divisor f))); [apply factor_pos|].
  apply divide_value, divisor_divides.
Qed.
