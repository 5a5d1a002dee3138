package main

import "github.com/pairstream/pairstream/model/train"

// stepRecord is a line of steps.jsonl.
type stepRecord struct {
	Step         int     `json:"step"`
	Epoch        int64   `json:"epoch"`
	Loss         float64 `json:"loss"` // of the batch, before the step
	Accuracy     float64 `json:"accuracy"`
	TextAccuracy float64 `json:"text_accuracy"`
	Rate         float64 `json:"lr"`
	LogitScale   float64 `json:"logit_scale"`
	Gradient     float64 `json:"gradient"`
	Duplicates   int     `json:"duplicates"`
	Seconds      float64 `json:"seconds"`
}

// epochRecord is a line of epochs.jsonl. What is held says nothing where no pairs are held out.
type epochRecord struct {
	Epoch          int64   `json:"epoch"`
	Step           int     `json:"step"`
	Pairs          int     `json:"batch"`
	Loss           float64 `json:"loss"` // the means of the steps
	Accuracy       float64 `json:"accuracy"`
	LogitScale     float64 `json:"logit_scale"`
	Duplicates     float64 `json:"duplicates"` // share of the captions
	PairsPerSecond float64 `json:"pairs_per_second"`
	Observation    string  `json:"observation"`

	HeldPairs      int     `json:"held_pairs"`
	HeldLoss       float64 `json:"held_loss"` // among all
	GroupLoss      float64 `json:"held_group_loss"`
	GroupAccuracy  float64 `json:"held_group_accuracy"`
	Recall1        float64 `json:"recall_1"` // of captions, by pictures
	Recall5        float64 `json:"recall_5"`
	Recall10       float64 `json:"recall_10"`
	MeanRank       float64 `json:"mean_rank"`
	MedianRank     float64 `json:"median_rank"`
	TextRecall1    float64 `json:"text_recall_1"` // of pictures, by captions
	TextRecall5    float64 `json:"text_recall_5"`
	TextRecall10   float64 `json:"text_recall_10"`
	TextMeanRank   float64 `json:"text_mean_rank"`
	TextMedianRank float64 `json:"text_median_rank"`
}

// judge takes over what held-out pairs say.
func (e *epochRecord) judge(all, grouped train.Evaluation) {
	e.HeldPairs, e.HeldLoss, e.GroupLoss, e.GroupAccuracy = all.Pairs, all.Loss, grouped.Loss, grouped.ImageToText.Recall1
	i, t := all.ImageToText, all.TextToImage
	e.Recall1, e.Recall5, e.Recall10, e.MeanRank, e.MedianRank = i.Recall1, i.Recall5, i.Recall10, i.MeanRank, i.MedianRank
	e.TextRecall1, e.TextRecall5, e.TextRecall10, e.TextMeanRank, e.TextMedianRank = t.Recall1, t.Recall5, t.Recall10, t.MeanRank, t.MedianRank
}

// observed is the record as train.Observe takes it.
func (e *epochRecord) observed() train.Epoch {
	return train.Epoch{Pairs: e.Pairs, Loss: e.Loss, Accuracy: e.Accuracy, LogitScale: e.LogitScale, Duplicates: e.Duplicates, HeldLoss: e.HeldLoss}
}
